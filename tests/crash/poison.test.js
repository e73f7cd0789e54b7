// Goal: an envelope that kills vaultd whenever it is handled does not lock the owner out: it ends
// in quarantine, and what came before and after it arrives.
//
// The test binaries abort at `on_poison`, which a decrypted text with kMagic in it hits.

import assert from 'node:assert/strict';

import {alive} from '../scenarios/support/daemon.js';
import {linkedWorld, scenario} from '../scenarios/support/world.js';
import {until} from '../scenarios/support/wait.js';

const kMagic = 'nacre-poison';

scenario('A poisoned envelope ends in quarantine, and the rest arrives', async (world) => {
    await linkedWorld(world);
    await world.settled();
    await world.nacre.stop();
    await world.nacre.start({crashPoint: 'on_poison:abort'});
    await world.unlock();
    let timestamp = Date.now();
    for (const text of ['before', kMagic, 'after', 'last']) {
        timestamp += 1;
        world.mock.server.send(world.device,
            await world.bob.encryptText(world.device, text, {timestamp, sealed: true}));
    }
    // Each death ends locked; the owner unlocks again until the envelope is set aside.
    let deaths = 0;
    await until('in quarantine', async () => {
        const status = await world.api.serving();
        if (status.vault === 'VAULT_STATE_UNLOCKED') return status.quarantined === 1;
        const pid = await world.nacre.pid('nacre-vaultd');
        const opened = await world.unlock().then(() => true, () => false);
        await until('it died, did not open, or all is in', async () => {
            const now = await world.api.serving();
            // Another one answers only when this one is gone.
            if (!alive(pid)) return true;
            return now.vault === 'VAULT_STATE_UNLOCKED' ? now.waiting_envelopes === 0 : !opened;
        });
        if (!alive(pid)) deaths += 1;
        return undefined;
    }, 60_000);
    await world.arrived('last');
    const texts = (await world.history(world.bob)).map((message) => message.text);
    assert.deepEqual(texts, ['before', 'after', 'last']);
    assert.equal(world.events.ofKind('ENVELOPE_QUARANTINED').length, 1);
    assert.ok(deaths <= 2, `${deaths} deaths`);
});
