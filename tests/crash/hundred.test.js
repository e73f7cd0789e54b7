// Goal: wherever a busy, unlocked vaultd crashes, it comes back locked, nothing is lost, nothing
// comes twice, and no core file is written: 100 times, by a bad access, by the kernel's kill, and by
// running out of memory.
//
// Out of memory has two faces: the kernel's own victim dies as of any SIGKILL; where the limit is
// the process's, an allocation fails, at a random place in whatever it does next.
// NACRE_CRASH_SEED repeats a run's choices (not the scheduler's).

import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {mkdirSync, readFileSync, readdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';

import {alive} from '../scenarios/support/daemon.js';
import {linkedWorld, scenario} from '../scenarios/support/world.js';
import {until, within} from '../scenarios/support/wait.js';
import {random} from './random.js';

const kRounds = 100;
const kPerRound = 3;
const kSeed = Number(process.env.NACRE_CRASH_SEED ?? Date.now() % 1_000_000);
const kWays = ['SIGSEGV', 'SIGKILL', 'no memory'];
const kPattern = '/proc/sys/kernel/core_pattern';
// nacred waits ever longer before it starts a program that keeps dying; a new one begins anew.
const kCrashesPerNacred = 3;

// Core files of nacre's programs would land in the folder that is returned. Where the machine does
// not let us say so (not root), undefined: the limit is looked at in any case.
function catchCores(world) {
    const folder = path.join(world.folder, 'cores');
    mkdirSync(folder, {mode: 0o777});
    const before = readFileSync(kPattern, 'utf8');
    try {
        writeFileSync(kPattern, `${folder}/%e.%p`);
    } catch {
        return undefined;
    }
    world.onClose(() => writeFileSync(kPattern, before));
    // The control: others' core files do land there.
    spawnSync('sh', ['-c', 'ulimit -c unlimited; exec sh -c "kill -SEGV \\$\\$"']);
    assert.ok(readdirSync(folder).some((name) => name.startsWith('sh.')), 'no core file at all');
    return folder;
}

function assertNoCoreAllowed(pid) {
    const limits = readFileSync(`/proc/${pid}/limits`, 'latin1');
    assert.match(limits, /^Max core file size +0 +0 /m);
}

// Lists and searches until its daemon is gone; whether it still answers is all that counts here.
async function ask(world, conversation, n) {
    try {
        for (;;) {
            await world.api.messages(conversation);
            await world.api.search(`in ${n}`);
        }
    } catch {
        return undefined;
    }
}

// True: it died of it. An allocation that fails may be survived; the question is open until then.
async function crash(world, way, roll) {
    const pid = await world.nacre.pid('nacre-vaultd');
    assertNoCoreAllowed(pid);
    // The moment is the point here: anywhere in what the round set off.
    await new Promise((resolve) => setTimeout(resolve, roll() * 120));
    if (way === 'no memory') {
        execFileSync('prlimit', ['--pid', String(pid), '--as=4096:4096', '--data=4096:4096']);
        const died = await until('out of memory', () => !alive(pid), 1000).catch(() => false);
        if (died) return true;
    }
    try {
        process.kill(pid, way === 'SIGSEGV' ? 'SIGSEGV' : 'SIGKILL');
    } catch (error) {
        if (error.code !== 'ESRCH') throw error; // it has just died
    }
    await until('vaultd gone', () => !alive(pid));
    return way !== 'no memory';
}

async function settled(world) {
    await until('the server has nothing left', () => world.mock.mailbox(world.device).waiting === 0, 60_000);
    await until('everything is in the vault', async () => {
        const status = await world.api.serving();
        return status.waiting_envelopes === 0 && status.outbox === 0;
    }, 60_000);
}

async function takenSurely(world, conversation, text) {
    await until(`"${text}" taken`, async () => {
        try {
            return await world.api.send(conversation, text, text.replaceAll(' ', '-'));
        } catch {
            return undefined;
        }
    });
}

scenario(`${kRounds} crashes end locked, and lose nothing (seed ${kSeed})`, async (world) => {
    await linkedWorld(world);
    const cores = catchCores(world);
    const roll = random(kSeed);
    const {id: conversation} = await world.conversationWith(world.bob);
    const [incoming, outgoing, tried, died] = [[], [], {}, {}];
    let timestamp = Date.now();
    for (let round = 0; round < kRounds; round += 1) {
        const way = kWays[Math.floor(roll() * kWays.length)];
        const asking = ask(world, conversation, round);
        for (let n = 0; n < kPerRound; n += 1) {
            incoming.push(`in ${incoming.length}`);
            timestamp += 1;
            world.mock.server.send(world.device, await world.bob.encryptText(world.device,
                incoming.at(-1), {timestamp, sealed: roll() < 0.5}));
        }
        outgoing.push(`out ${round}`);
        const first = world.api.send(conversation, `out ${round}`, `out-${round}`).catch(() => undefined);
        tried[way] = (tried[way] ?? 0) + 1;
        if (await crash(world, way, roll)) died[way] = (died[way] ?? 0) + 1;
        await Promise.all([first, asking]);
        assert.equal((await world.api.serving()).vault, 'VAULT_STATE_LOCKED');
        if (round % kCrashesPerNacred === kCrashesPerNacred - 1) await world.nacre.restart();
        await world.unlock();
        await takenSurely(world, conversation, `out ${round}`);
        // Or an envelope that is in hand at several crashes in a row is blamed for them.
        await settled(world);
    }
    console.log(`hundred: died of ${JSON.stringify(died)}, seed ${kSeed}`);
    // Whether it dies of an allocation that fails, or gets over it until it is killed, is chance.
    for (const way of kWays) assert.ok(tried[way] > 0, `${way} was not tried`);
    const history = await world.history(world.bob);
    const of = (direction) => history.filter((one) => one.direction === direction).map((one) => one.text);
    assert.deepEqual(of('DIRECTION_INCOMING'), incoming);
    assert.deepEqual(of('DIRECTION_OUTGOING'), outgoing);
    const atBob = [];
    while (atBob.length < outgoing.length) {
        atBob.push((await within('at Bob\'s', world.bob.waitForMessage())).body);
    }
    assert.deepEqual(atBob, outgoing);
    if (cores) assert.deepEqual(readdirSync(cores).filter((name) => !name.startsWith('sh.')), []);
}, {timeout: 600_000});
