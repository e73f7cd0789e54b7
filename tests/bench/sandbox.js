// sandbox: what system call filters and Landlock cost when envelopes are received: seconds with them to
// seconds without, in interleaved pairs of runs; the figure is the median of the ratios.
//
// The same test binaries in both: they can be told to leave both out (NACRE_SANDBOX=off). The same
// messages and the same way as in receive.js.

import {World, kPassphrase, linkedWorld} from '../scenarios/support/world.js';
import {until, within} from '../scenarios/support/wait.js';
import {feed, frames} from './feeder.js';
import {figure, median, note} from './figures.js';

const kPairs = 15;
const kMessages = Number(process.env.NACRE_BENCH_MESSAGES ?? 3000);
const kText = 'A message of an ordinary length, as people write them to each other.';
const kTarget = 1.05;
let timestamp = Date.now();

async function packetsFor(world) {
    const envelopes = [];
    for (let n = 0; n < kMessages; n += 1) {
        timestamp += 1;
        envelopes.push(await world.bob.encryptText(world.device, kText, {sealed: true, timestamp}));
    }
    return frames(envelopes);
}

async function run(world, sandboxed) {
    await world.nacre.restart({env: sandboxed ? {} : {NACRE_SANDBOX: 'off'}, state: 'LOCKED'});
    await world.api.unlock(kPassphrase);
    await world.api.connected();
    const {vault_sandbox: {filter}} = await world.api.status();
    if ((filter === 'FILTER_ENFORCED') !== sandboxed) throw new Error(`the filter is ${filter}`);
    const packets = await packetsFor(world);
    const before = (await world.api.status()).messages;
    const start = performance.now();
    const fed = feed(world.mock.server.webSockets.get(world.device), packets);
    await until('batch in the vault', async () =>
        (await world.api.status()).messages >= before + kMessages, 300_000);
    const seconds = (performance.now() - start) / 1000;
    await within('acknowledged', fed);
    return seconds;
}

const world = new World('sandbox');
try {
    await linkedWorld(world);
    await world.bob.sendText(world.device, 'hello', {sealed: true, timestamp});
    const {conversation_id: conversation} = await world.arrived('hello');
    await world.api.send(conversation, 'hello yourself');
    await within('answer', world.bob.waitForMessage());
    world.events.close();
    world.events = undefined;
    const pairs = [];
    for (let n = 1; n <= kPairs; n += 1) {
        // Each comes first in turn: the machine and the vault change meanwhile.
        const first = await run(world, n % 2 === 0);
        const second = await run(world, n % 2 !== 0);
        const pair = n % 2 === 0 ? {with: first, without: second} : {with: second, without: first};
        pairs.push(pair);
        note(`sandbox: pair ${n}: ${pair.with.toFixed(2)} s with, ${pair.without.toFixed(2)} s without, ` +
            `ratio ${(pair.with / pair.without).toFixed(3)}`);
    }
    const ratio = median(pairs.map((pair) => pair.with / pair.without));
    figure({
        name: 'sandbox', value: ratio, unit: 'times the seconds', reference: 1, target: kTarget,
        ok: ratio <= kTarget,
    });
    note(`sandbox: medians: ${median(pairs.map((one) => one.with)).toFixed(2)} s with, ` +
        `${median(pairs.map((one) => one.without)).toFixed(2)} s without, ${kMessages} messages a run`);
} finally {
    await world.close();
}
process.exit();
