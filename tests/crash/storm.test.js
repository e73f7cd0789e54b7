// Goal: while 500 messages arrive and 50 leave, a process is killed 50 times at a random moment:
// every message is there exactly once, in order, on both sides, and the vault opens each time.
//
// NACRE_CRASH_SEED repeats a run's choices (not the scheduler's), NACRE_CRASH_ROUNDS changes 50.

import assert from 'node:assert/strict';

import {linkedWorld, scenario} from '../scenarios/support/world.js';
import {until, within} from '../scenarios/support/wait.js';
import {killOne, random} from './random.js';

const kRounds = Number(process.env.NACRE_CRASH_ROUNDS ?? 50);
const kPerRound = 10;
const kSeed = Number(process.env.NACRE_CRASH_SEED ?? Date.now() % 1_000_000);

async function unlockIfLocked(world) {
    const status = await world.api.serving();
    if (status.vault === 'VAULT_STATE_LOCKED') await world.unlock();
}

scenario(`${kRounds} kills lose nothing and repeat nothing (seed ${kSeed})`, async (world) => {
    await linkedWorld(world);
    const roll = random(kSeed);
    const {id: conversation} = await world.conversationWith(world.bob);
    const incoming = [];
    const outgoing = [];
    let timestamp = Date.now();
    const kills = {};
    for (let round = 0; round < kRounds; round += 1) {
        for (let n = 0; n < kPerRound; n += 1) {
            const text = `in ${incoming.length}`;
            incoming.push(text);
            timestamp += 1;
            world.mock.server.send(world.device, await world.bob.encryptText(world.device, text,
                {timestamp, sealed: roll() < 0.5}));
        }
        const out = `out ${round}`;
        outgoing.push(out);
        const first = world.api.send(conversation, out, `out-${round}`).catch(() => undefined);
        const victim = await killOne(world, roll);
        kills[victim] = (kills[victim] ?? 0) + 1;
        await first;
        await unlockIfLocked(world);
        await until(`"${out}" taken`, async () => {
            try {
                return await world.api.send(conversation, out, `out-${round}`);
            } catch {
                await unlockIfLocked(world);
                return undefined;
            }
        });
    }
    console.log(`storm: kills ${JSON.stringify(kills)}, seed ${kSeed}`);
    await until('the server has nothing left', () => world.mock.mailbox(world.device).waiting === 0,
        120_000);
    await until('everything is in the vault', async () => {
        const status = await world.api.status();
        return status.waiting_envelopes === 0 && status.outbox === 0;
    }, 120_000);
    const history = await world.history(world.bob);
    const of = (direction) => history.filter((one) => one.direction === direction)
        .map((one) => one.text);
    assert.deepEqual(of('DIRECTION_INCOMING'), incoming);
    assert.deepEqual(of('DIRECTION_OUTGOING'), outgoing);
    const atBob = [];
    while (atBob.length < outgoing.length) {
        atBob.push((await within('at Bob\'s', world.bob.waitForMessage())).body);
    }
    assert.deepEqual(atBob, outgoing);
    assert.equal(world.bob.getMessageQueueSize(), 0);
    await world.api.lock();
    await world.unlock();
    assert.equal((await world.history(world.bob)).length, incoming.length + outgoing.length);
}, {timeout: 600_000});
