// Goal: files of the vault that are damaged, or older than they should be, do what vault/FORMAT.md
// says, and what is not said to be lost is there.

import assert from 'node:assert/strict';
import {copyFileSync, existsSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';

import {linkedWorld, scenario} from './support/world.js';

const kCopy = 4096;

function file(world, name) {
    const header = world.nacre.files('vault').find((entry) => path.basename(entry) === 'vault.header');
    return path.join(path.dirname(header), name);
}

async function texts(world) {
    return (await world.history(world.bob)).map((message) => message.text);
}

async function receive(world, text) {
    await world.bob.sendText(world.device, text, {timestamp: Date.now()});
    await world.arrived(text);
    await world.settled();
}

for (const copy of [0, 1]) {
    scenario(`Header copy ${copy} is damaged: the other one opens, and both are whole again`, async (world) => {
        await linkedWorld(world);
        await receive(world, 'kept');
        await world.nacre.stop();
        const header = file(world, 'vault.header');
        const bytes = readFileSync(header);
        bytes.fill(0xa5, copy * kCopy + 100, copy * kCopy + 900);
        writeFileSync(header, bytes);
        await world.nacre.start({state: 'LOCKED'});
        await world.unlock();
        assert.deepEqual(await texts(world), ['kept']);
        const after = readFileSync(header);
        assert.ok(after.subarray(0, kCopy).equals(after.subarray(kCopy)));
    });
}

scenario('An older header is refused, and opens when the owner insists', async (world) => {
    await linkedWorld(world);
    await world.nacre.stop();
    const header = file(world, 'vault.header');
    copyFileSync(header, `${header}.old`);
    await world.nacre.start({state: 'LOCKED'});
    await world.unlock();
    await receive(world, 'kept');
    await world.nacre.stop();
    copyFileSync(`${header}.old`, header);
    await world.nacre.start({state: 'LOCKED'});
    await assert.rejects(world.unlock(), (error) => error.reason === 'VAULT_ROLLED_BACK');
    await world.api.unlock('correct horse battery staple', {accept_older_header: true});
    world.events = world.api.events();
    assert.deepEqual(await texts(world), ['kept']);
});

scenario('An older database opens; sessions begin anew, and messages arrive', async (world) => {
    await linkedWorld(world);
    await receive(world, 'before');
    await world.nacre.stop();
    const database = file(world, 'vault.db');
    const log = `${database}-wal`;
    copyFileSync(database, `${database}.old`);
    if (existsSync(log)) copyFileSync(log, `${log}.old`);
    for (let n = 0; n < 2; n += 1) {
        await world.nacre.start({state: 'LOCKED'});
        await world.unlock();
        await world.api.connected();
        await receive(world, `lost ${n}`);
        await world.nacre.stop();
    }
    rmSync(log, {force: true});
    copyFileSync(`${database}.old`, database);
    if (existsSync(`${log}.old`)) copyFileSync(`${log}.old`, log);
    await world.nacre.start({state: 'LOCKED'});
    world.events.close();
    world.events = undefined;
    await world.unlock();
    await world.api.connected();
    assert.deepEqual(await texts(world), ['before']);
    assert.match(world.nacre.log, /an older database was put back/);
    const {id} = await world.conversationWith(world.bob);
    const sent = await world.api.send(id, 'with a new session');
    await world.state(sent.id, 'SENT', 'DELIVERED');
    assert.equal((await world.bob.waitForMessage()).body, 'with a new session');
});
