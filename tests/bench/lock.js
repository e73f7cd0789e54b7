// lock: milliseconds from the request to the end of the wiped process, with 1,000,000 messages in
// the vault, its caches in use, and calls running. Release build; the slowest of several locks.

import {spawnSync} from 'node:child_process';
import path from 'node:path';

import {World, kPassphrase} from '../scenarios/support/world.js';
import {alive, kBuild} from '../scenarios/support/daemon.js';
import {figure, note} from './figures.js';

const kMessages = Number(process.env.NACRE_BENCH_LOCK_MESSAGES ?? 1_000_000);
const kLocks = 7;
const kCallers = 8;
const kTargetMs = 200;

function fillVault(folder) {
    note(`lock: filling a vault with ${kMessages} messages`);
    const filled = spawnSync(path.join(kBuild, 'bench/fill_vault'), [folder, String(kMessages)],
        {input: `${kPassphrase}\n`, stdio: ['pipe', 'pipe', 'inherit'], encoding: 'utf8'});
    if (filled.status !== 0) throw new Error('fill_vault failed');
    return filled.stdout.trim();
}

// Searches and lists without end, until the daemon is gone.
async function keepBusy(api, n) {
    const queries = ['the', 'and then', 'tomorrow', 'a'];
    const [conversation] = await api.conversations();
    for (let i = n; ; i += 1) {
        if (i % 2 === 0) await api.search(queries[i % queries.length]);
        else await api.messages(conversation.id);
    }
}

// Every page of the history once, so that the caches are full.
async function warm(api) {
    for (const query of ['the', 'tomorrow', 'house', 'we', 'you']) await api.search(query);
}

async function timeLock(world) {
    await world.api.unlock(kPassphrase);
    await warm(world.api);
    const callers = Array.from({length: kCallers}, (_, n) => keepBusy(world.api, n).catch(() => undefined));
    await world.api.search('the');
    const pid = await world.nacre.pid('nacre-vaultd');
    const {'nacre-vaultd': size} = await world.nacre.memory();
    const begun = performance.now();
    const locked = world.api.call('Vault', 'Lock').catch(() => undefined);
    while (alive(pid)) await new Promise(setImmediate);
    const took = performance.now() - begun;
    await Promise.all([locked, ...callers]);
    await world.api.serving('LOCKED');
    note(`lock: ${took.toFixed(1)} ms, ${(size / 1024).toFixed(0)} MiB in use`);
    return took;
}

const world = new World('lock');
try {
    await world.boot();
    const token = fillVault(path.join(world.folder, 'state/vault'));
    await world.startDaemon({bin: 'bin', state: 'LOCKED'});
    world.api.token = token;
    const times = [];
    for (let n = 0; n < kLocks; n += 1) times.push(await timeLock(world));
    const slowest = Math.max(...times);
    figure({
        name: 'lock', value: slowest, unit: 'ms', reference: kTargetMs, target: kTargetMs,
        ok: slowest <= kTargetMs,
    });
} finally {
    await world.close();
}
process.exit();
