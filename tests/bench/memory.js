// memory: the proportional share (PSS) of each process, in KiB: locked after a fresh start,
// unlocked and idle, after 100,000 received messages, and locked again. Release build. Unlocking
// itself, which takes what Argon2id asks for, is not part of it.

import {World, linkedWorld} from '../scenarios/support/world.js';
import {until, within} from '../scenarios/support/wait.js';
import {feed, frames} from './feeder.js';
import {figure, note} from './figures.js';

const kMessages = Number(process.env.NACRE_BENCH_MEMORY_MESSAGES ?? 100_000);
const kBatch = 2000;
const kLimit = 64 * 1024;

async function report(world, phase, judge) {
    const sizes = await world.nacre.memory();
    const sum = Object.values(sizes).reduce((a, b) => a + b, 0);
    for (const [name, value] of Object.entries({...sizes, all: sum})) {
        const target = judge(name);
        figure({
            name: `memory ${phase} ${name}`, value, unit: 'KiB', reference: kLimit,
            target: target ?? null, ok: target === undefined || value <= target,
        });
    }
}

const ifLocked = (name) => (name === 'all' || name === 'nacre-vaultd' ? kLimit : undefined);
const ifUnlocked = (name) => (name === 'nacre-vaultd' ? kLimit : undefined);

async function receiveMany(world) {
    const before = (await world.api.status()).messages;
    let timestamp = Date.now();
    for (let done = 0; done < kMessages; done += kBatch) {
        const envelopes = [];
        for (let n = 0; n < kBatch; n += 1) {
            timestamp += 1;
            envelopes.push(await world.bob.encryptText(world.device, `message ${done + n} of many`,
                {timestamp}));
        }
        const fed = feed(world.mock.server.webSockets.get(world.device), frames(envelopes));
        await until('in the vault', async () =>
            (await world.api.status()).messages >= before + done + kBatch, 300_000);
        await within('acknowledged', fed);
        if ((done / kBatch) % 10 === 9) note(`memory: ${done + kBatch} messages received`);
    }
}

const world = new World('memory');
try {
    await linkedWorld(world, {bin: 'bin'});
    await world.bob.sendText(world.device, 'hello', {timestamp: Date.now()});
    const {conversation_id: conversation} = await world.arrived('hello');
    await world.api.send(conversation, 'hello yourself');
    await within('answer', world.bob.waitForMessage());
    await world.nacre.restart();
    await world.api.serving('LOCKED');
    await report(world, 'locked', ifLocked);
    await world.unlock();
    await world.api.connected();
    await report(world, 'unlocked', ifUnlocked);
    world.events.close();
    world.events = undefined;
    await receiveMany(world);
    await report(world, `after ${kMessages} messages`, ifUnlocked);
    await world.api.lock();
    await report(world, 'locked again', ifLocked);
} finally {
    await world.close();
}
process.exit();
