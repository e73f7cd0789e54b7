// Goal: wherever a process dies, nothing is lost, nothing comes twice, and the vault opens.
//
// Walks the table in daemon/base/crash_point.h: a point that no test here hits is a failure.

import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import test from 'node:test';

import {alive} from '../scenarios/support/daemon.js';
import {linkedWorld, scenario} from '../scenarios/support/world.js';
import {until, within} from '../scenarios/support/wait.js';

const kTable = fileURLToPath(new URL('../../daemon/base/crash_point.h', import.meta.url));

// Points and what must be happening for them to be hit.
const kReceiving = [
    'before_append', 'after_append', 'before_ack', 'after_ack', 'before_delete', 'after_delete',
    'before_decrypt', 'after_decrypt', 'before_commit', 'after_commit', 'after_committed',
];
const kSending = ['before_outbox', 'after_outbox', 'after_put', 'after_sent'];
const kLinking = [
    'before_pending_link', 'before_link_request', 'after_link_request', 'after_link_commit',
];
const kUnlocking = ['before_epoch', 'after_epoch'];
const kPoison = ['on_poison']; // poison.test.js
const kSlots = [ // slots.test.js
    'slots_prepared', 'slots_written', 'rekey_copying', 'rekey_copied', 'rekey_committed',
];

function tablePoints() {
    const table = /kCrashPoints\{([^}]*)\}/.exec(readFileSync(kTable, 'utf8'))[1];
    return [...table.matchAll(/^\s*"(\w+)"/gm)].map((match) => match[1]);
}

test('Every crash point of the table has a test', () => {
    const tested = [...kReceiving, ...kSending, ...kLinking, ...kUnlocking, ...kPoison, ...kSlots];
    const points = tablePoints();
    assert.ok(points.length > 10);
    assert.deepEqual(points.filter((point) => !tested.includes(point)), []);
});

// Ends when one of the two processes has died; which one.
async function oneDies(world) {
    const pids = {
        'nacre-courier': await world.nacre.pid('nacre-courier'),
        'nacre-vaultd': await world.nacre.pid('nacre-vaultd'),
    };
    return until('a crash', () => Object.keys(pids).find((name) => !alive(pids[name])));
}

async function restartWith(world, point) {
    await world.settled();
    await world.nacre.stop();
    await world.nacre.start({crashPoint: point});
    await world.api.serving('LOCKED');
}

// After the crash: everything is taken down, as by a power cut, and comes up without the point.
async function comeBack(world) {
    await world.nacre.killAll();
    await world.nacre.start();
    await world.unlock();
    await world.api.connected();
}

async function texts(world) {
    return (await world.history(world.bob)).map((message) => message.text);
}

for (const point of kReceiving) {
    scenario(`Receiving survives ${point}`, async (world) => {
        await linkedWorld(world);
        await restartWith(world, point);
        const crash = oneDies(world);
        await world.unlock();
        // The crash may come with the first leftover, before the connection is seen to stand.
        await Promise.race([world.api.connected(), crash]);
        const expected = [];
        for (let n = 0; n < 10; n += 1) {
            expected.push(`message ${n}`);
            const envelope = await world.bob.encryptText(world.device, `message ${n}`,
                {timestamp: Date.now() + n, sealed: n % 2 === 0});
            world.mock.server.send(world.device, envelope);
        }
        await crash;
        await comeBack(world);
        // Not by its event: the vault may have had everything before the crash.
        await until('all messages', async () => (await texts(world)).length >= expected.length);
        assert.deepEqual(await texts(world), expected);
        await until('mailbox empty', () => world.mock.mailbox(world.device).waiting === 0);
    });
}

// Sends as a careful client does: again, under the same id, until it is told that it is done.
async function sendSurely(world, conversation, text) {
    return until(`"${text}" taken`, async () => {
        try {
            return await world.api.send(conversation, text, text.replaceAll(' ', '-'));
        } catch {
            return undefined; // gone or locked meanwhile
        }
    });
}

for (const point of kSending) {
    scenario(`Sending survives ${point}`, async (world) => {
        await linkedWorld(world);
        const {id} = await world.conversationWith(world.bob);
        await restartWith(world, point);
        const crash = oneDies(world);
        await world.unlock();
        await world.api.connected();
        world.api.send(id, 'through the crash', 'through-the-crash').catch(() => undefined);
        await crash;
        await comeBack(world);
        const sent = await sendSurely(world, id, 'through the crash');
        await world.state(sent.id, 'SENT', 'DELIVERED');
        const last = await sendSurely(world, id, 'afterwards');
        await world.state(last.id, 'SENT', 'DELIVERED');
        assert.equal((await within('first', world.bob.waitForMessage())).body, 'through the crash');
        assert.equal((await within('second', world.bob.waitForMessage())).body, 'afterwards');
        assert.equal(world.bob.getMessageQueueSize(), 0);
        assert.deepEqual(await texts(world), ['through the crash', 'afterwards']);
        for (const text of ['through the crash', 'afterwards']) {
            const {syncMessage} = await within('transcript', world.me.waitForSyncMessage(
                (entry) => entry.syncMessage.content?.sent != null));
            assert.equal(syncMessage.content.sent.message.body, text);
        }
    });
}

for (const point of kLinking) {
    scenario(`Linking survives ${point}`, async (world) => {
        await world.boot();
        await world.startDaemon({crashPoint: point});
        await world.createVault();
        const crash = oneDies(world);
        const linking = world.api.link();
        const pending = await within('socket', world.mock.server.waitForProvision());
        pending.complete({provisionURL: await linking.uri(), primaryDevice: world.me})
            .catch(() => undefined);
        await crash;
        await world.nacre.killAll();
        await world.nacre.start();
        await world.unlock();
        const status = await world.api.status();
        const created = world.mock.requestsTo('PUT', /^\/v1\/devices\/link/).length;
        if (point === 'after_link_commit') {
            assert.equal(status.account, 'ACCOUNT_STATE_LINKED');
            assert.equal(status.possible_orphan_device, false);
            const device = await world.mock.server.getDeviceByServiceId(world.me.device.aci, 2);
            // One of the 100 is used up when the device asks for its account's keys.
            await until('keys uploaded', async () => await device.getPreKeyCount() >= 99);
            await until('sync asked for', () => world.me.syncRequests.length >= 3);
            return;
        }
        assert.equal(created, point === 'after_link_request' ? 1 : 0);
        assert.equal(status.account, 'ACCOUNT_STATE_NOT_LINKED');
        assert.equal(status.possible_orphan_device, point !== 'before_pending_link');
        await world.link();
        assert.equal((await world.api.status()).possible_orphan_device, false);
    });
}

for (const point of kUnlocking) {
    scenario(`Unlocking survives ${point}`, async (world) => {
        await linkedWorld(world);
        await world.api.lock();
        await world.bob.sendText(world.device, 'while locked', {timestamp: Date.now()});
        await world.nacre.stop();
        await world.nacre.start({crashPoint: point, state: 'LOCKED'});
        const crash = oneDies(world);
        world.unlock().catch(() => undefined);
        await crash;
        await comeBack(world);
        await world.bob.sendText(world.device, 'afterwards', {timestamp: Date.now()});
        await world.arrived('afterwards');
        assert.deepEqual(await texts(world), ['while locked', 'afterwards']);
    });
}
