// Goal: with a proxy required, nothing that nacre sends goes any other way, names included: while the
// proxy works, when it is down, wrong, or not in the configuration any more. nacre runs in a network
// namespace of its own where every packet is recorded; the test server is on the proxy's side only.

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import net from 'node:net';

import {kPassphrase, scenario} from '../scenarios/support/world.js';
import {until, within} from '../scenarios/support/wait.js';
import {Cell, kOutside} from './cell.js';

if (process.getuid() !== 0) throw new Error('proxy: needs root, for network namespaces');

const kPort = 1080;
const kToProxy = `nacre-in tcp ${kOutside} ${kPort}`;

class Microsocks {
    log = '';

    async start() {
        this.process = spawn('microsocks', ['-i', kOutside, '-p', String(kPort)],
            {stdio: ['ignore', 'ignore', 'pipe']});
        this.process.stderr.on('data', (chunk) => { this.log += chunk; });
        this.exited = new Promise((resolve) => { this.process.on('exit', resolve); });
        await until('the proxy listens', () => new Promise((resolve) => {
            const probe = net.connect(kPort, kOutside, () => { probe.destroy(); resolve(true); });
            probe.on('error', () => resolve(false));
        }));
    }

    async stop() {
        this.process.kill('SIGKILL');
        await this.exited;
    }
}

const proxyTable = (port = kPort) =>
    `\n[proxy]\nurl = "socks5h://${kOutside}:${port}"\nrequired = true\n`;

// A server and phones on this side, a cell, and nacre in it with this [proxy] table.
async function inCell(world, table) {
    await world.boot();
    const cell = await Cell.make(world);
    await world.startDaemon({config: world.config() + table, within: cell.enter});
    await world.createVault();
    return cell;
}

async function linkedInCell(world) {
    const proxy = new Microsocks();
    world.onClose(() => proxy.stop());
    const cell = await inCell(world, proxyTable());
    await proxy.start();
    await world.link();
    await world.contactsArrived();
    await world.api.connected();
    return {cell, proxy};
}

// All of it goes to the proxy, and there is some.
function assertOnlyTo(place, sent) {
    const elsewhere = sent.filter((line) => line !== place && line !== `${place} syn`);
    assert.deepEqual([...new Set(elsewhere)], [], 'sent another way');
    assert.ok(sent.length > 0);
}

async function connection(world, name) {
    return until(`connection ${name}`, async () => {
        const status = await world.api.status();
        return status.connection === `CONNECTION_${name}` && status;
    }, 60_000);
}

// Until this many connections to the place have been tried; all that was sent meanwhile.
async function tries(cell, place, count) {
    const all = [];
    await until(`${count} tries`, async () => {
        all.push(...await cell.sent());
        return all.filter((line) => line === `${place} syn`).length >= count;
    }, 90_000);
    return all;
}

async function assertNothingMissed(cell) {
    assert.equal(await cell.finish(), '0', 'packets that the record lacks');
}

scenario('All goes through the proxy; while it is down nothing goes, and then it goes on', async (world) => {
    const {cell, proxy} = await linkedInCell(world);
    const conversation = await world.conversationWith(world.bob);
    const exchange = async (text) => {
        await within('acknowledged', world.bob.sendText(world.device, text, {timestamp: Date.now()}));
        await world.arrived(text);
        const answer = await world.api.send(conversation.id, `an answer to ${text}`);
        await world.state(answer.id, 'SENT', 'DELIVERED');
    };
    await exchange('through the proxy');
    assertOnlyTo(kToProxy, await cell.sent());
    // Names were the proxy's to look up.
    assert.match(proxy.log, /connected to localhost:\d+/);

    const logins = world.mock.logins.length;
    await proxy.stop();
    world.mock.cutConnections();
    await connection(world, 'CONNECTING');
    const waits = await world.api.send(conversation.id, 'waits for the proxy');
    assertOnlyTo(kToProxy, await tries(cell, kToProxy, 3));
    // Locked, and started anew, it does no other.
    await world.nacre.restart({state: 'LOCKED'});
    await world.unlock();
    await connection(world, 'CONNECTING');
    assertOnlyTo(kToProxy, await tries(cell, kToProxy, 2));
    assert.equal(world.mock.logins.length, logins);

    await proxy.start();
    await world.api.call('Vault', 'Reconnect');
    await world.api.connected();
    await world.state(waits.id, 'SENT', 'DELIVERED');
    await exchange('through the proxy again');
    assertOnlyTo(kToProxy, await cell.sent());
    await assertNothingMissed(cell);
}, {timeout: 240_000});

for (const [name, port, answer] of [
    ['nobody is there', 1081],
    ['it hangs up', 1082, (socket) => socket.destroy()],
    ['it is no SOCKS proxy', 1083, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
]) {
    scenario(`A proxy that is wrong (${name}) is all that is tried`, async (world) => {
        const place = `nacre-in tcp ${kOutside} ${port}`;
        const cell = await inCell(world, proxyTable(port));
        const server = net.createServer((socket) => {
            socket.on('error', () => undefined);
            answer(socket);
        });
        world.onClose(() => server.close());
        if (answer) await new Promise((resolve) => { server.listen(port, kOutside, resolve); });
        for (let n = 0; n < 2; n += 1) {
            const linking = world.api.link();
            await assert.rejects(within('linking fails', linking.done, 60_000));
            assert.equal(linking.uris.length, 0);
            assertOnlyTo(place, await cell.sent());
        }
        assert.equal(world.mock.requests.length, 0);
        await assertNothingMissed(cell);
    }, {timeout: 150_000});
}

// Of these libsignal knows addresses, fronts and resolvers of its own. Nothing leads to them from here.
for (const behind of [true, false]) {
    const place = behind ? 'behind a dead proxy: only that is tried' : 'without a proxy: the control';
    scenario(`Signal's own servers ${place}`, async (world) => {
        const cell = await Cell.make(world);
        const config = `[vault]\nkdf_target_ms = 50\n${behind ? proxyTable() : ''}`;
        await world.startDaemon({config, within: cell.enter});
        await world.createVault();
        const linking = world.api.link();
        await assert.rejects(within('linking fails', linking.done, 120_000));
        const sent = await cell.sent();
        if (behind) assertOnlyTo(kToProxy, sent);
        else assert.throws(() => assertOnlyTo(kToProxy, sent), /sent another way/);
        console.log(`proxy: ${place}: ${sent.length} packets to ${new Set(sent).size} places`);
        await assertNothingMissed(cell);
    }, {timeout: 150_000});
}

scenario('A proxy that is taken out of the configuration: nothing is sent until the owner agrees',
    async (world) => {
        const {cell} = await linkedInCell(world);
        assertOnlyTo(kToProxy, await cell.sent());
        const configured = readFileSync(world.nacre.config, 'utf8');
        const logins = world.mock.logins.length;
        const unproxied = configured.slice(0, configured.indexOf('[proxy]'));
        writeFileSync(world.nacre.config, unproxied);
        for (const locked of [false, true]) {
            if (locked) {
                await world.api.lock();
                await world.api.serving('LOCKED');
            }
            await world.nacre.kill('nacre-courier');
            await connection(world, 'ENVIRONMENT_CHANGED');
            // What ended with the courier is a packet to the proxy, too.
            assert.deepEqual((await cell.sent()).filter((line) => line !== kToProxy), []);
        }
        await world.nacre.restart({state: 'LOCKED'});
        await world.unlock(kPassphrase);
        await connection(world, 'ENVIRONMENT_CHANGED');
        const conversation = await world.conversationWith(world.bob);
        const message = await world.api.send(conversation.id, 'not now');
        assert.deepEqual((await cell.sent()).filter((line) => line !== kToProxy), []);
        assert.equal((await world.api.message(message.id)).state, 'STATE_PENDING');
        assert.equal(world.mock.logins.length, logins);
        // With the old configuration it goes on.
        writeFileSync(world.nacre.config, configured);
        await world.nacre.restart({state: 'LOCKED'});
        await world.unlock(kPassphrase);
        await world.state(message.id, 'SENT', 'DELIVERED');
        assertOnlyTo(kToProxy, await cell.sent());
        await assertNothingMissed(cell);
    }, {timeout: 150_000});

// The control: what the others assert can fail.
scenario('Without a proxy the record shows the direct way, and a look-up', async (world) => {
    const cell = await inCell(world, '');
    const linking = world.api.link();
    const direct = `lo tcp 127.0.0.1 ${world.mock.port}`;
    const sent = await tries(cell, direct, 1);
    linking.cancel();
    await assert.rejects(linking.done);
    assert.throws(() => assertOnlyTo(kToProxy, sent), /sent another way/);
    const [program, ...args] = [...cell.enter, 'python3', '-c',
        'import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b"?", ("192.0.2.53", 53))'];
    const asked = spawn(program, args, {stdio: 'ignore'});
    await new Promise((resolve) => { asked.on('exit', resolve); });
    const named = await cell.sent();
    assert.ok(named.includes('nacre-in udp 192.0.2.53 53'), named.join('\n'));
});
