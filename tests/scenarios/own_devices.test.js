// Goal: receipts go both ways, and what the owner does on other devices shows here.

import assert from 'node:assert/strict';

import {command} from './support/cli.js';
import {transcriptContent} from './support/content.js';
import {Proto, ReceiptType} from './support/mock.js';
import {linkedWorld, scenario} from './support/world.js';
import {within} from './support/wait.js';

scenario('49. Sends a delivery receipt for a sealed message', async (world) => {
    await linkedWorld(world);
    const timestamp = Date.now();
    await world.bob.sendText(world.device, 'tell me you got it', {sealed: true, timestamp});
    const {receiptMessage} = await within('receipt', world.bob.waitForReceipt());
    assert.equal(receiptMessage.type ?? 0, Proto.ReceiptMessage.Type.DELIVERY);
    assert.deepEqual(receiptMessage.timestamp.map(Number), [timestamp]);
});

scenario('50. Receipts move our sent message on to delivered and read', async (world) => {
    await linkedWorld(world);
    const {id: conversation} = await world.conversationWith(world.bob);
    for (const [text, steps] of [
        ['by receipts', [
            [(at) => world.bob.sendReceipt(world.device,
                {type: ReceiptType.Delivery, messageTimestamps: [at]}), 'DELIVERED'],
            [(at) => world.bob.sendReceipt(world.device,
                {type: ReceiptType.Read, messageTimestamps: [at]}), 'READ'],
        ]],
        ['by the server', [
            [(at) => world.bob.sendUnencryptedReceipt(world.device, {messageTimestamp: at}),
                'DELIVERED'],
        ]],
    ]) {
        const sent = await world.api.send(conversation, text);
        await within('at Bob\'s', world.bob.waitForMessage());
        await world.state(sent.id, 'SENT', 'DELIVERED');
        for (const [receipt, state] of steps) {
            await receipt(sent.sent_at);
            await world.state(sent.id, state);
        }
    }
});

scenario('51. Shows what another own device sent', async (world) => {
    await linkedWorld(world);
    const timestamp = Date.now();
    await world.mock.server.send(world.device, await world.me.encryptSyncSent(world.device,
        'written on the phone', {timestamp, destinationServiceId: world.bob.device.aci}));
    const message = await world.arrived('written on the phone');
    assert.equal(message.direction, 'DIRECTION_OUTGOING');
    assert.equal(message.author.self, true);
    assert.equal(message.sent_at, timestamp);
    assert.equal(message.conversation_id, (await world.conversationWith(world.bob)).id);
    // An update of who got it is no second message.
    await world.me.sendRaw(world.device, transcriptContent('written on the phone', timestamp,
        world.bob.device.aciBinary, {isRecipientUpdate: true}), {timestamp: timestamp + 1});
    // An edit takes the place of the text.
    await world.me.sendRaw(world.device, transcriptContent('', timestamp + 2,
        world.bob.device.aciBinary, {
            message: null,
            editMessage: {
                targetSentTimestamp: BigInt(timestamp),
                dataMessage: transcriptContent('edited', timestamp + 2, world.bob.device.aciBinary)
                    .content.syncMessage.content.sent.message,
            },
        }), {timestamp: timestamp + 2});
    await world.bob.sendText(world.device, 'the last', {timestamp: timestamp + 3});
    await world.arrived('the last');
    const texts = (await world.history(world.bob)).map((one) => one.text);
    assert.deepEqual(texts, ['edited', 'the last']);
});

scenario('51. Keeps a transcript into a group', async (world) => {
    await linkedWorld(world);
    const group = await world.me.createGroup({title: 'Us', members: [world.me, world.bob]});
    const timestamp = Date.now();
    const content = transcriptContent('to all of us', timestamp, null);
    const {sent} = content.content.syncMessage.content;
    sent.message.groupV2 = group.toContext();
    await world.me.sendRaw(world.device, content, {timestamp});
    const message = await world.arrived('to all of us');
    assert.equal(message.direction, 'DIRECTION_OUTGOING');
    const conversations = await world.api.conversations();
    const conversation = conversations.find((one) => one.id === message.conversation_id);
    assert.equal(conversation.group, true);
});

async function unread(world, phone) {
    return (await world.conversationWith(phone)).unread_count;
}

scenario('What is read on the phone is read here, told after its message or before', async (world) => {
    await linkedWorld(world);
    let timestamp = Date.now();
    const readOnPhone = async (sentAt) => {
        timestamp += 1;
        await world.mock.server.send(world.device, await world.me.encryptSyncRead(world.device,
            {timestamp, messages: [{senderAci: world.bob.device.aci, timestamp: sentAt}]}));
    };
    const sentAt = timestamp;
    await world.bob.sendText(world.device, 'read after it came', {timestamp: sentAt});
    const {id} = await world.arrived('read after it came');
    assert.equal((await world.api.message(id)).read, false);
    assert.equal(await unread(world, world.bob), 1);
    await readOnPhone(sentAt);
    await world.events.waitKind('MESSAGES_READ');
    assert.equal((await world.api.message(id)).read, true);
    assert.equal(await unread(world, world.bob), 0);

    const later = timestamp + 10;
    await readOnPhone(later);
    await world.bob.sendText(world.device, 'read before it came', {timestamp: later});
    await world.bob.sendText(world.device, 'not read', {timestamp: later + 1});
    await world.arrived('not read');
    assert.deepEqual((await world.history(world.bob)).map((one) => one.read), [true, true, false]);
    assert.equal(await unread(world, world.bob), 1);
});

scenario('What is read here is read on the phone, and its author gets a receipt', async (world) => {
    await linkedWorld(world);
    const timestamp = Date.now();
    for (const [n, text] of ['one', 'two'].entries()) {
        await world.bob.sendText(world.device, text, {timestamp: timestamp + n});
    }
    await world.arrived('two');
    const [answer] = await command(world, world.api.token).json(['read', 'Bob']);
    assert.equal(answer.marked, 2);
    assert.equal(await unread(world, world.bob), 0);

    const {receiptMessage} = await within('receipt at Bob\'s', world.bob.waitForReceipt());
    assert.equal(receiptMessage.type, Proto.ReceiptMessage.Type.READ);
    assert.deepEqual(receiptMessage.timestamp.map(Number).sort(), [timestamp, timestamp + 1]);
    const {syncMessage} = await within('read sync at the phone', world.me.waitForSyncMessage(
        (entry) => (entry.syncMessage.read ?? []).length > 0));
    assert.deepEqual(syncMessage.read.map((one) => Number(one.timestamp)).sort(),
        [timestamp, timestamp + 1]);
    for (const one of syncMessage.read) {
        assert.deepEqual(Buffer.from(one.senderAciBinary), Buffer.from(world.bob.device.aciBinary));
    }
});
