// receive: sealed envelopes from the socket to durable in the vault, messages a second.
//
// Compared: (a) nacre, release build: mock-server's phone has sealed N messages beforehand; they go
// down the chat connection at once, and the clock stops when the API says that all N are in the
// vault (spooled, synced, acknowledged, decrypted, stored, indexed, committed). (b) bare libsignal
// (tests/bench/bare_receive.cpp): the same number of sealed messages of the same size, in the same
// C++ host: unseal, validate the certificate, decrypt, all stores in memory, on one thread.
// The messages of (b) are made by the program itself with sessions of the same kind (one side has
// answered, so the inner messages are ratchet messages); only the keys differ.
// Pairs are interleaved, since this machine's speed wanders; the figure is the median of the ratios.

import {execFileSync} from 'node:child_process';
import path from 'node:path';

import {kBuild} from '../scenarios/support/daemon.js';
import {World, linkedWorld} from '../scenarios/support/world.js';
import {until, within} from '../scenarios/support/wait.js';
import {feed, frames} from './feeder.js';
import {figure, median, note} from './figures.js';

const kPairs = 7;
const kMessages = Number(process.env.NACRE_BENCH_MESSAGES ?? 3000);
const kText = 'A message of an ordinary length, as people write them to each other.';
const kTarget = 0.6;

function bare() {
    const output = execFileSync(path.join(kBuild, 'bench/bare_receive'),
        [String(kMessages), kText], {encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit']});
    return Number(output.trim());
}

async function product(world, batch) {
    const envelopes = [];
    let timestamp = Date.now();
    for (let n = 0; n < kMessages; n += 1) {
        timestamp += 1;
        envelopes.push(await world.bob.encryptText(world.device, kText, {sealed: true, timestamp}));
    }
    const packets = frames(envelopes);
    const before = (await world.api.status()).messages;
    const start = performance.now();
    const fed = feed(world.mock.server.webSockets.get(world.device), packets);
    await until(`batch ${batch} in the vault`, async () =>
        (await world.api.status()).messages >= before + kMessages, 300_000);
    const seconds = (performance.now() - start) / 1000;
    await within('acknowledged', fed);
    return kMessages / seconds;
}

const world = new World('receive');
try {
    await linkedWorld(world, {bin: 'bin'});
    await world.bob.sendText(world.device, 'hello', {sealed: true, timestamp: Date.now()});
    const {conversation_id: conversation} = await world.arrived('hello');
    await world.api.send(conversation, 'hello yourself');
    await within('answer', world.bob.waitForMessage());
    world.events.close();
    world.events = undefined;
    const pairs = [];
    for (let n = 1; n <= kPairs; n += 1) {
        const pair = {bare: bare(), product: await product(world, n)};
        pairs.push(pair);
        note(`receive: pair ${n}: nacre ${pair.product.toFixed(0)}/s, bare ${pair.bare.toFixed(0)}/s, ` +
            `ratio ${(pair.product / pair.bare).toFixed(3)}`);
    }
    pairs.sort((a, b) => a.product / a.bare - b.product / b.bare);
    const middle = pairs[Math.floor(kPairs / 2)];
    figure({
        name: 'receive', value: middle.product, unit: 'messages/s', reference: Math.round(middle.bare),
        target: kTarget, ok: middle.product / middle.bare >= kTarget,
    });
    note(`receive: medians: nacre ${median(pairs.map((one) => one.product)).toFixed(0)}/s, ` +
        `bare ${median(pairs.map((one) => one.bare)).toFixed(0)}/s, ${kMessages} messages a run`);
} finally {
    await world.close();
}
process.exit();
