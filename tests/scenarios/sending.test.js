// Goal: what is sent reaches every device of the other side and the own ones, whatever the server
// says about devices that came and went.

import assert from 'node:assert/strict';

import {linkedWorld, scenario} from './support/world.js';
import {until, within} from './support/wait.js';

const kSend = (phone) => new RegExp(`^/v1/messages/${phone.device.aci}`);

async function deliver(world, text) {
    const {id} = await world.conversationWith(world.bob);
    const sent = await world.api.send(id, text);
    const received = await within(`"${text}" at Bob's`, world.bob.waitForMessage());
    assert.equal(received.body, text);
    return world.state(sent.id, 'SENT', 'DELIVERED');
}

scenario('62. Sends to all six devices of a contact, and a transcript to the phone', async (world) => {
    await linkedWorld(world);
    for (let n = 0; n < 5; n += 1) await world.mock.server.createSecondaryDevice(world.bob);
    const sent = await deliver(world, 'to all of them');
    const accepted = world.mock.requestsTo('PUT', kSend(world.bob))
        .filter((request) => request.status === 200)
        .map((request) => JSON.parse(request.body.toString()))
        .filter((body) => body.timestamp === sent.sent_at);
    assert.equal(accepted.length, 1);
    const devices = accepted[0].messages.map((message) => message.destinationDeviceId);
    assert.deepEqual(devices.sort(), [1, 2, 3, 4, 5, 6]);
    const {syncMessage} = await within('transcript', world.me.waitForSyncMessage(
        (entry) => entry.syncMessage.content?.sent != null));
    const transcript = syncMessage.content.sent;
    assert.equal(transcript.message.body, 'to all of them');
    assert.equal(Number(transcript.timestamp), sent.sent_at);
    assert.deepEqual(Buffer.from(transcript.destinationServiceIdBinary),
        Buffer.from(world.bob.device.aciBinary));
});

scenario('63. Goes on when the contact has a new device (409)', async (world) => {
    await linkedWorld(world);
    await deliver(world, 'to one device');
    await world.mock.server.createSecondaryDevice(world.bob);
    await deliver(world, 'to two devices');
    assert.ok(world.mock.requestsTo('PUT', kSend(world.bob)).some((one) => one.status === 409));
    await world.mock.server.removeDeviceByServiceId(world.bob.device.aci, 2);
    await deliver(world, 'to one device again');
});

scenario('63. Goes on when a device was set up anew (410)', async (world) => {
    await linkedWorld(world);
    const second = await world.mock.server.createSecondaryDevice(world.bob);
    await deliver(world, 'to both');
    await world.mock.server.removeDeviceByServiceId(world.bob.device.aci, second.deviceId);
    const again = await world.mock.server.createSecondaryDevice(world.bob);
    assert.equal(again.deviceId, second.deviceId);
    await deliver(world, 'to both again');
    assert.ok(world.mock.requestsTo('PUT', kSend(world.bob)).some((one) => one.status === 410));
});

scenario('63. Says so when the contact is not registered any more (404)', async (world) => {
    await linkedWorld(world);
    const {id} = await world.conversationWith(world.bob);
    world.mock.server.unregister(world.bob);
    const sent = await world.api.send(id, 'to nobody');
    const failed = await world.state(sent.id, 'FAILED');
    assert.match(failed.failure, /^[A-Z_]+$/);
    world.mock.server.register(world.bob);
    await deliver(world, 'to Bob again');
});

async function learnProfileKey(world) {
    await world.bob.sendText(world.device, 'my profile key', {
        withProfileKey: true, timestamp: Date.now(),
    });
    await world.arrived('my profile key');
}

const header = (request, name) => request.headers.find((one) => one.toLowerCase().startsWith(name));

scenario('64. Sends sealed when it knows the access key', async (world) => {
    await linkedWorld(world);
    await learnProfileKey(world);
    await deliver(world, 'sealed');
    const sends = world.mock.requestsTo('PUT', kSend(world.bob));
    assert.ok(sends.length > 0);
    assert.ok(sends.every((one) => !one.authenticated && header(one, 'unidentified-access-key')));
});

scenario('64. Falls back to unsealed when the access key is wrong (401)', async (world) => {
    await linkedWorld(world);
    await learnProfileKey(world);
    world.bob.device.accessKey = Buffer.alloc(16, 9);
    await deliver(world, 'unsealed after all');
    const statuses = world.mock.requestsTo('PUT', kSend(world.bob))
        .map((one) => [one.authenticated, one.status]);
    assert.deepEqual(statuses, [[false, 401], [true, 200]]);
    await until('outbox empty', async () => (await world.api.status()).outbox === 0);
});
