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
// Of 500 messages each: several times what the caches hold.
const kPagesToFill = 2000;
const kTargetMs = 200;

function fillVault(folder) {
    note(`lock: filling a vault with ${kMessages} messages`);
    const filled = spawnSync(path.join(kBuild, 'bench/fill_vault'), [folder, String(kMessages)],
        {input: `${kPassphrase}\n`, stdio: ['pipe', 'pipe', 'inherit'], encoding: 'utf8'});
    if (filled.status !== 0) throw new Error('fill_vault failed');
    return filled.stdout.trim();
}

// Searches and turns the pages of the history without end, until the daemon is gone. `turned` hears
// of each page.
async function keepBusy(api, conversation, turned) {
    const request = {conversation_id: conversation.id, page_size: 500};
    const queries = ['the', 'and then', 'tomorrow', 'a'];
    for (let token = '', i = 0; ; i += 1) {
        const page = await api.call('Messages', 'ListMessages', {...request, page_token: token});
        token = page.next_page_token;
        turned();
        if (i % 20 === 0) await api.search(queries[i / 20 % queries.length]);
    }
}

// More callers than readers: each reader's cache fills as they turn the pages.
function readUntilFull(api, conversation) {
    return new Promise((resolve) => {
        let pages = 0;
        const turned = () => {
            pages += 1;
            if (pages === kPagesToFill) resolve(callers);
        };
        const callers = Array.from({length: kCallers},
            () => keepBusy(api, conversation, turned).catch(() => undefined));
    });
}

async function timeLock(world) {
    await world.api.unlock(kPassphrase);
    const [conversation] = await world.api.conversations();
    const callers = await readUntilFull(world.api, conversation);
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
    // The readers have half of it: 64 MiB, which the searches fill.
    const config = `${world.config()}cache_mib = 128\n`;
    await world.startDaemon({bin: 'bin', state: 'LOCKED', config});
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
