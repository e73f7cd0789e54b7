// Goal: a network change that puts another /etc/resolv.conf in the place of the one that the courier's
// rules know costs a new start of the courier, locked or not, and nothing else.

import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {renameSync, writeFileSync} from 'node:fs';
import path from 'node:path';

import {linkedWorld, scenario} from '../scenarios/support/world.js';
import {until, within} from '../scenarios/support/wait.js';

if (process.getuid() !== 0) throw new Error('replaced: needs root, for an /etc of its own');

// The courier connects again when its connection is cut; after the second time it has looked names up
// again for sure.
async function reconnected(world) {
    const logins = world.mock.logins.length;
    world.mock.cutConnections();
    await until('another login', () => world.mock.logins.length > logins);
    await until('connected', () => world.mock.connected(world.device));
}

async function replaced(world) {
    const etc = path.join(world.folder, 'etc');
    execFileSync('cp', ['-a', '/etc', etc]);
    const replace = () => {
        writeFileSync(path.join(etc, 'new'), 'nameserver 127.0.0.1\n');
        renameSync(path.join(etc, 'new'), path.join(etc, 'resolv.conf'));
    };
    replace();
    await linkedWorld(world, {
        within: ['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc && exec "$@"', etc],
    });
    await world.settled();
    await world.api.lock();
    await world.api.serving('LOCKED');
    await until('connected', () => world.mock.connected(world.device));
    const [first, vault] = [await world.nacre.pid('nacre-courier'), await world.nacre.pid('nacre-vaultd')];

    await reconnected(world);
    assert.equal(await world.nacre.pid('nacre-courier'), first, 'the control: nothing was replaced');

    replace();
    world.mock.cutConnections();
    await until('another courier', async () => await world.nacre.pid('nacre-courier') !== first);
    await until('connected', () => world.mock.connected(world.device));
    assert.match(world.nacre.log, /resolv\.conf or hosts was replaced/);
    assert.match(world.nacre.log, new RegExp(`nacre-courier pid=${first} ended_status=0`));
    const second = await world.nacre.pid('nacre-courier');
    await within('acknowledged', world.bob.sendText(world.device, 'over another network',
        {timestamp: Date.now()}));

    await reconnected(world);
    assert.equal(await world.nacre.pid('nacre-courier'), second, 'it reads the new one');
    assert.equal(await world.nacre.pid('nacre-vaultd'), vault);
    await world.unlock();
    await world.arrived('over another network');
}

// In a chroot no mount can be kept from those outside.
if (spawnSync('unshare', ['--mount', 'true']).status === 0) {
    scenario('attack: /etc/resolv.conf is replaced while the vault is locked', replaced, {timeout: 120_000});
} else {
    console.error('replaced: NOT RUN: this root can have no mounts of its own, as in a chroot');
}
