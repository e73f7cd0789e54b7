// Goal: nacre works through Tor, and when the network behind the client is gone, sends nothing but to
// the client's port. A private Tor network, three relays deep, in namespaces without a way out.

import assert from 'node:assert/strict';

import {Cell, kOutside} from '../proxy/cell.js';
import {scenario} from '../scenarios/support/world.js';
import {until, within} from '../scenarios/support/wait.js';
import {TorNetwork} from './network.js';

if (process.getuid() !== 0) throw new Error('tor: needs root, for network namespaces');

const kPort = 9050;
const kToTor = new RegExp(`^nacre-in tcp ${kOutside.replaceAll('.', '\\.')} ${kPort}( syn)?$`);

async function onlyToTor(cell) {
    const sent = await cell.sent();
    assert.ok(sent.length > 0);
    assert.deepEqual(sent.filter((line) => !kToTor.test(line)), [], 'sent another way');
}

scenario('Links, receives and sends through Tor; without its relays nothing goes', async (world) => {
    await world.boot();
    const cell = await Cell.make(world);
    const tor = new TorNetwork(world);
    await tor.start(`${kOutside}:${kPort}`);
    const config = `${world.config()}
[proxy]
url = "socks5h://${kOutside}:${kPort}"
required = true
`;
    await world.startDaemon({config, within: cell.enter});
    await world.createVault();
    await world.link();
    await world.contactsArrived();
    await world.api.connected();
    await within('acknowledged',
        world.bob.sendText(world.device, 'through three relays', {timestamp: Date.now()}));
    await world.arrived('through three relays');
    const conversation = await world.conversationWith(world.bob);
    const answer = await world.api.send(conversation.id, 'an answer');
    await world.state(answer.id, 'SENT', 'DELIVERED');
    await onlyToTor(cell);

    const logins = world.mock.logins.length;
    await tor.stop(/relay|authority/);
    world.mock.cutConnections();
    await until('connecting', async () =>
        (await world.api.status()).connection === 'CONNECTION_CONNECTING', 60_000);
    const waits = await world.api.send(conversation.id, 'waits');
    await until('it has tried again', async () => (await world.api.status()).outbox > 0);
    await onlyToTor(cell);
    assert.equal((await world.api.message(waits.id)).state, 'STATE_PENDING');
    assert.equal(world.mock.logins.length, logins);
    assert.equal(await cell.finish(), '0');
}, {timeout: 300_000});
