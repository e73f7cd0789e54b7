// Goal: wherever vaultd dies while slots change or everything is encrypted anew, the vault opens with
// its remaining secrets and has lost nothing.

import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import path from 'node:path';

import {alive} from '../scenarios/support/daemon.js';
import {kPassphrase, linkedWorld, scenario} from '../scenarios/support/world.js';
import {until, within} from '../scenarios/support/wait.js';

const kSecond = 'seven pearls under the harbour light';
const kPassphraseSlot = 'TYPE_PASSPHRASE';

async function worldWithHistory(world) {
    await linkedWorld(world);
    for (const text of ['one', 'two', 'three']) {
        await world.bob.sendText(world.device, text, {timestamp: Date.now()});
        await world.arrived(text);
    }
}

async function restartWith(world, point) {
    await world.settled();
    await world.nacre.stop();
    await world.nacre.start({crashPoint: point});
    await world.unlock();
    await world.api.connected();
}

async function dies(world) {
    const pid = await world.nacre.pid('nacre-vaultd');
    return {gone: until('vaultd crashed', () => !alive(pid))};
}

async function comeBack(world) {
    await world.nacre.killAll();
    await world.nacre.start();
    await world.unlock();
    await world.api.connected();
    await world.bob.sendText(world.device, 'afterwards', {timestamp: Date.now()});
    await world.arrived('afterwards');
    const texts = (await world.history(world.bob)).map((message) => message.text);
    assert.deepEqual(texts, ['one', 'two', 'three', 'afterwards']);
    const database = world.nacre.files('vault').find((name) => path.basename(name) === 'vault.db');
    assert.ok(!existsSync(`${database}.new`));
}

async function opens(world, secret) {
    await world.api.lock();
    try {
        await world.unlock(secret);
        return true;
    } catch (error) {
        assert.equal(error.reason, 'WRONG_PASSPHRASE');
        return false;
    }
}

const add = (world) => world.api.slot('AddSlot', {type: kPassphraseSlot, label: 'second'},
    [kPassphrase, kSecond], 'added');

for (const point of ['slots_prepared', 'slots_written']) {
    scenario(`Adding a slot survives ${point}`, async (world) => {
        await worldWithHistory(world);
        await restartWith(world, point);
        const {gone} = await dies(world);
        add(world).catch(() => undefined);
        await gone;
        await comeBack(world);
        assert.equal(await opens(world, kSecond), point === 'slots_written');
    });
}

for (const point of ['rekey_copying', 'rekey_copied', 'rekey_committed']) {
    scenario(`Removing a slot with a rekey survives ${point}`, async (world) => {
        await worldWithHistory(world);
        const {number} = await add(world);
        await restartWith(world, point);
        const {gone} = await dies(world);
        world.api.slot('RemoveSlot', {number, rekey: true}, [kPassphrase], 'removed')
            .catch(() => undefined);
        await gone;
        await comeBack(world);
        assert.equal(await opens(world, kSecond), point !== 'rekey_committed');
    });
}

scenario('A rekey ends locked, with everything there and the removed secret worthless', async (world) => {
    await worldWithHistory(world);
    const {number} = await add(world);
    const progress = [];
    const removed = await within('rekeyed', world.api.slot('RemoveSlot', {number, rekey: true},
        [kSecond], 'removed', (answer) => { if (answer.rekey) progress.push(answer.rekey); }));
    assert.equal(removed.locked, true);
    assert.ok(progress.length > 0);
    assert.equal(progress.at(-1).done_pages, progress.at(-1).total_pages);
    await world.api.serving('LOCKED');
    await world.bob.sendText(world.device, 'while locked', {timestamp: Date.now()});
    await assert.rejects(world.api.unlock(kSecond), (error) => error.reason === 'WRONG_PASSPHRASE');
    await world.unlock();
    await world.arrived('while locked');
    const texts = (await world.history(world.bob)).map((message) => message.text);
    assert.deepEqual(texts, ['one', 'two', 'three', 'while locked']);
    const {id} = await world.conversationWith(world.bob);
    await world.api.connected();
    const sent = await world.api.send(id, 'an answer');
    await world.state(sent.id, 'SENT', 'DELIVERED');
});
