// Goal: what other devices send arrives, in every form they may send it in, and what is not
// authentic or not for us does not.

import assert from 'node:assert/strict';

import {command} from './support/cli.js';
import {
    EnvelopeKind, decodeEnvelope, encodeEnvelope, textContent, transcriptContent, withUnknownField,
} from './support/content.js';
import {Server, ServiceIdKind} from './support/mock.js';
import {encodeContent, encryptBytes, pad, signal} from './support/sender.js';
import {until, within} from './support/wait.js';
import {linkedWorld, scenario} from './support/world.js';

async function messageTexts(world, phone) {
    return (await world.history(phone)).map((message) => message.text);
}

scenario('19. Receives an unsealed pre-key message', async (world) => {
    await linkedWorld(world);
    const timestamp = Date.now();
    const envelope = await world.bob.encryptText(world.device, 'first words', {timestamp});
    assert.equal(decodeEnvelope(envelope).type, EnvelopeKind.PREKEY_MESSAGE);
    await world.mock.server.send(world.device, envelope);
    const message = await world.arrived('first words');
    assert.equal(message.direction, 'DIRECTION_INCOMING');
    assert.equal(message.state, 'STATE_RECEIVED');
    assert.equal(message.kind, 'KIND_TEXT');
    assert.equal(message.sent_at, timestamp);
    assert.equal(message.author.aci, world.bob.device.aci);
    assert.equal(message.author.name, 'Bob');
    assert.ok(message.received_at > 0);
    assert.equal(message.read, false);
});

scenario('20. Goes on by the double ratchet', async (world) => {
    await linkedWorld(world);
    await world.bob.sendText(world.device, 'one', {timestamp: Date.now()});
    const {conversation_id: conversation} = await world.arrived('one');
    for (let round = 0; round < 3; round += 1) {
        await world.api.send(conversation, `answer ${round}`);
        assert.equal((await world.bob.waitForMessage()).body, `answer ${round}`);
        const envelope = await world.bob.encryptText(world.device, `round ${round}`);
        assert.equal(decodeEnvelope(envelope).type, EnvelopeKind.DOUBLE_RATCHET);
        await world.mock.server.send(world.device, envelope);
        await world.arrived(`round ${round}`);
    }
});

scenario('21. Opens sealed sender, from a pre-key and from a session', async (world) => {
    await linkedWorld(world);
    await world.bob.sendText(world.device, 'sealed first', {sealed: true, timestamp: Date.now()});
    const first = await world.arrived('sealed first');
    assert.equal(first.author.aci, world.bob.device.aci);
    await world.api.send(first.conversation_id, 'answer');
    await world.bob.waitForMessage();
    await world.bob.sendText(world.device, 'sealed again', {sealed: true, timestamp: Date.now()});
    const second = await world.arrived('sealed again');
    assert.equal(second.conversation_id, first.conversation_id);
});

scenario('22. Rejects a sender certificate by another trust root', async (world) => {
    await linkedWorld(world);
    const root = signal.PrivateKey.generate();
    const other = new Server({trustRoot: {
        privateKey: Buffer.from(root.serialize()).toString('base64'),
        publicKey: Buffer.from(root.getPublicKey().serialize()).toString('base64'),
    }});
    const certificate = await other.getSenderCertificate(world.bob.device);
    const timestamp = Date.now();
    await world.mock.server.send(world.device, await encryptBytes(world.bob, world.device,
        pad(encodeContent(textContent('forged', timestamp))), {sealed: true, certificate, timestamp}));
    await world.events.waitKind('ENVELOPE_REJECTED');
    await world.bob.sendText(world.device, 'genuine', {sealed: true, timestamp: timestamp + 1});
    await world.arrived('genuine');
    assert.deepEqual(await messageTexts(world, world.bob), ['genuine']);
});

scenario('23. Takes padding of 0, 159, 160 and 161 bytes; rejects a missing end mark', async (world) => {
    await linkedWorld(world);
    let timestamp = Date.now();
    for (const zeros of [0, 159, 160, 161]) {
        timestamp += 1;
        const content = encodeContent(textContent(`padded by ${zeros}`, timestamp));
        await world.mock.server.send(world.device,
            await encryptBytes(world.bob, world.device, pad(content, zeros), {timestamp}));
        await world.arrived(`padded by ${zeros}`);
    }
    timestamp += 1;
    const content = encodeContent(textContent('no mark', timestamp));
    await world.mock.server.send(world.device, await encryptBytes(world.bob, world.device,
        Buffer.concat([content, Buffer.alloc(20)]), {timestamp}));
    await world.events.waitKind('ENVELOPE_REJECTED');
    assert.ok(!(await messageTexts(world, world.bob)).includes('no mark'));
});

scenario('26. Drains 200 waiting messages in order, and says when the queue is empty', async (world) => {
    await linkedWorld(world);
    await until('mailbox empty', () => world.mock.mailbox(world.device).waiting === 0);
    await world.nacre.stop();
    const timestamp = Date.now();
    const mailbox = world.mock.mailbox(world.device);
    const others = mailbox.waiting; // the phone may still have answered something
    const texts = Array.from({length: 200}, (_, n) => `queued ${n}`);
    for (const [n, text] of texts.entries()) {
        const envelope = await world.bob.encryptText(world.device, text, {timestamp: timestamp + n});
        world.mock.server.send(world.device, envelope);
    }
    assert.equal(mailbox.waiting - others, 200);
    const before = world.events.last;
    await world.nacre.start();
    await world.unlock();
    await world.arrived('queued 199');
    await world.events.wait('queue empty', (event) =>
        event.kind === 'KIND_QUEUE_EMPTY' && event.sequence > before);
    assert.deepEqual(await messageTexts(world, world.bob), texts);
});

scenario('31. Survives garbage, truncated envelopes and unknown fields', async (world) => {
    await linkedWorld(world);
    const {server} = world.mock;
    const {device, bob} = world;
    await server.send(device, Buffer.from('this is no protobuf at all, not one byte of it'));
    await server.send(device, Buffer.alloc(0));
    const timestamp = Date.now();
    const good = await bob.encryptText(device, 'cut short', {timestamp});
    await server.send(device, good.subarray(0, good.length - 30));
    await server.send(device, withUnknownField(
        await bob.encryptText(device, 'with an unknown field outside', {timestamp: timestamp + 1})));
    await world.arrived('with an unknown field outside');
    const content = withUnknownField(encodeContent(textContent('and inside', timestamp + 2)));
    await server.send(device, await encryptBytes(bob, device, pad(content), {timestamp: timestamp + 2}));
    await world.arrived('and inside');
    await server.send(device, await encryptBytes(bob, device, pad(Buffer.from([0xff, 0xff, 0xff])),
        {timestamp: timestamp + 3}));
    await bob.sendText(device, 'still here', {timestamp: timestamp + 4});
    await world.arrived('still here');
    const texts = await messageTexts(world, bob);
    assert.ok(!texts.includes('cut short'));
});

scenario('32. Refuses an envelope of 10 MB', async (world) => {
    await linkedWorld(world);
    const envelope = encodeEnvelope({
        type: EnvelopeKind.UNIDENTIFIED_SENDER, content: Buffer.alloc(10 << 20, 7),
        serverTimestamp: BigInt(Date.now()), clientTimestamp: BigInt(Date.now()),
        destinationServiceIdBinary: world.device.aciBinary,
    });
    world.mock.server.send(world.device, envelope);
    await world.bob.sendText(world.device, 'small again', {timestamp: Date.now()});
    await world.arrived('small again');
    assert.deepEqual(await messageTexts(world, world.bob), ['small again']);
    // The courier hears of the commit after the clients do.
    await until('nothing waits', async () => (await world.api.status()).waiting_envelopes === 0);
});

scenario('35. Takes pre-key messages to the PNI, drops sealed ones', async (world) => {
    await linkedWorld(world, {contacts: ['Bob', 'Carol']});
    const [bob, carol] = world.friends;
    await world.mock.introduce(bob, world.device, ServiceIdKind.PNI);
    await bob.sendText(world.device, 'to your number', {
        serviceIdKind: ServiceIdKind.PNI, timestamp: Date.now(),
    });
    await world.arrived('to your number');
    const sealed = decodeEnvelope(
        await carol.encryptText(world.device, 'sealed to the PNI', {sealed: true}));
    sealed.destinationServiceIdBinary = world.device.pniBinary;
    await world.mock.server.send(world.device, encodeEnvelope(sealed));
    await carol.sendText(world.device, 'sealed to the ACI', {sealed: true, timestamp: Date.now()});
    await world.arrived('sealed to the ACI');
    assert.deepEqual(await messageTexts(world, carol), ['sealed to the ACI']);
});

scenario('36. Drops what claims to come from this very device', async (world) => {
    await linkedWorld(world);
    const echo = decodeEnvelope(await world.me.encryptText(world.device, 'echo of ourselves'));
    echo.sourceDeviceId = world.device.deviceId;
    await world.mock.server.send(world.device, encodeEnvelope(echo));
    await world.bob.sendText(world.device, 'from outside', {timestamp: Date.now()});
    await world.arrived('from outside');
    const hits = await world.api.search('echo of ourselves');
    assert.equal(hits.length, 0);
});

scenario('Shows what it does not know yet as such: reactions, calls, stories', async (world) => {
    await linkedWorld(world);
    let timestamp = Date.now();
    const from = async (phone, content) => {
        timestamp += 1;
        await phone.sendRaw(world.device, {
            pniSignatureMessage: null, senderKeyDistributionMessage: null, content,
        }, {timestamp});
    };
    const data = (fields) => textContent('', timestamp + 1, {body: null, ...fields}).content;
    const story = {
        attachment: {textAttachment: {text: 'a story', background: {color: 1}}}, allowsReplies: true,
    };
    await from(world.bob, data({reaction: {
        emoji: '👍', targetAuthorAciBinary: world.me.device.aciBinary, targetSentTimestamp: 1n,
    }}));
    await from(world.bob, {callMessage: {offer: {id: 1n, opaque: Buffer.from('offer')}}});
    await from(world.bob, {callMessage: {iceUpdate: [{id: 1n, opaque: Buffer.from('ice')}]}});
    await from(world.bob, {callMessage: {hangup: {id: 1n}}});
    await from(world.bob, {typingMessage: {timestamp: BigInt(timestamp + 1), action: 0}});
    await from(world.bob, data({requiredProtocolVersion: 99}));
    await from(world.bob, {storyMessage: story});
    const told = transcriptContent('', timestamp + 1, null, {message: null, storyMessage: story});
    await from(world.me, told.content);
    await world.bob.sendText(world.device, 'the last', {timestamp: timestamp + 1});
    await world.arrived('the last');
    const kinds = async (phone) => (await world.history(phone)).map((one) =>
        `${one.direction.slice(10)} ${one.kind.slice(5)}`);
    assert.deepEqual(await kinds(world.bob),
        [...Array(4).fill('INCOMING UNSUPPORTED'), 'INCOMING TEXT']);
    assert.deepEqual(await kinds(world.me), ['OUTGOING UNSUPPORTED']);

    // Of the five that are read now, the call and the story ask for no receipt.
    const nacre = command(world, world.api.token);
    const lines = await nacre.json(['messages', 'Bob']);
    assert.deepEqual(lines.map((one) => one.kind), [...Array(4).fill('unsupported'), 'text']);
    const shown = await nacre.run(['messages', 'Bob']);
    assert.equal(shown.stdout.match(/\[not supported yet\]/g).length, 4);
    assert.equal((await nacre.json(['read', 'Bob']))[0].marked, 5);
    const {receiptMessage} = await within('receipt', world.bob.waitForReceipt());
    const sent = (await world.history(world.bob)).map((one) => one.sent_at);
    assert.deepEqual(receiptMessage.timestamp.map(Number).sort(), [sent[0], sent[2], sent[4]]);
});
