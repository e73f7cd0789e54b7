// Goal: 10,000 envelopes come while the vault is locked and the three processes are killed at random,
// while it receives and while it drains: each message is there once, in order.
//
// NACRE_CRASH_SEED repeats a run's choices (not the scheduler's), NACRE_CRASH_ENVELOPES changes 10,000.

import assert from 'node:assert/strict';

import {linkedWorld, scenario} from '../scenarios/support/world.js';
import {until} from '../scenarios/support/wait.js';
import {killOne, random} from './random.js';

const kEnvelopes = Number(process.env.NACRE_CRASH_ENVELOPES ?? 10_000);
const kPerRound = 400;
const kDrainEvery = 5; // rounds
const kSeed = Number(process.env.NACRE_CRASH_SEED ?? Date.now() % 1_000_000);

const isLocked = async (world) => (await world.api.serving()).vault === 'VAULT_STATE_LOCKED';

// nacred's end takes the courier's login with it: the vault has to be opened once.
async function reconnect(world) {
    if (world.mock.connected(world.device)) return;
    if (await isLocked(world)) await world.unlock();
    await world.api.connected();
}

async function lock(world) {
    if (await isLocked(world)) return;
    await world.api.lock();
    await world.api.serving('LOCKED');
}

const received = (world) => until('the mailbox is empty',
    () => world.mock.mailbox(world.device).waiting === 0, 120_000);

scenario(`${kEnvelopes} envelopes while locked, and kills (seed ${kSeed})`, async (world) => {
    await linkedWorld(world);
    await world.settled();
    const roll = random(kSeed);
    const kills = {};
    const count = (victim) => { kills[victim] = (kills[victim] ?? 0) + 1; };
    const expected = [];
    let timestamp = Date.now();
    for (let round = 1; expected.length < kEnvelopes; round += 1) {
        await lock(world);
        for (let n = 0; n < kPerRound && expected.length < kEnvelopes; n += 1) {
            const text = `envelope ${expected.length}`;
            timestamp += 1;
            expected.push(text);
            world.mock.server.send(world.device, await world.bob.encryptText(world.device, text,
                {timestamp, sealed: roll() < 0.5}));
        }
        count(await killOne(world, roll));
        // The courier comes by itself if only it or vaultd died.
        const alone = await until('connected, or it needs the vault', async () =>
            world.mock.connected(world.device) ? 'connected'
                : (await world.api.serving()).connection === 'CONNECTION_NONE' && 'no login');
        if (alone !== 'connected') await reconnect(world);
        await received(world);
        if (round % kDrainEvery !== 0) continue;
        // Now within the drain.
        if (await isLocked(world)) await world.unlock();
        count(await killOne(world, roll, 300));
    }
    console.log(`locked storm: kills ${JSON.stringify(kills)}, seed ${kSeed}`);
    await reconnect(world);
    await received(world);
    if (await isLocked(world)) await world.unlock();
    await until('everything is in the vault', async () => {
        const status = await world.api.status();
        return status.waiting_envelopes === 0 && status.outbox === 0;
    }, 120_000);
    assert.deepEqual(world.events.ofKind('SPOOL_DAMAGED'), []);
    assert.deepEqual(world.events.ofKind('ENVELOPE_QUARANTINED'), []);
    const texts = (await world.history(world.bob)).map((message) => message.text);
    assert.equal(texts.length, expected.length);
    assert.deepEqual(texts, expected);
}, {timeout: 600_000});
