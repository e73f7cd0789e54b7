// Goal: when a daemon says that it is ready, each of its threads is confined, and so are those that come
// later: what binds only threads to come (Landlock, capabilities) was there before the first of them.

import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import {kBuild} from '../scenarios/support/daemon.js';
import {scenario} from '../scenarios/support/world.js';
import {until} from '../scenarios/support/wait.js';

if (process.getuid() !== 0) throw new Error('threads: needs root, to put calls into threads');

const kMemoryLock = 1n << 14n; // CAP_IPC_LOCK
// As sandbox/policies.cpp has it: who may keep it, if nacre was started with it.
const kKeeps = {'nacred': kMemoryLock, 'nacre-vaultd': kMemoryLock, 'nacre-courier': 0n, 'nacre-sentry': 0n};

function field(text, name) {
    return new RegExp(`^${name}:\t(\\w+)$`, 'm').exec(text)[1];
}

const statusOf = (pid, thread) => readFileSync(`/proc/${pid}/task/${thread}/status`, 'latin1');

// Those that live; a thread may end while it is looked at.
function threadsOf(pid) {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
        try {
            return [{thread, status: statusOf(pid, thread)}];
        } catch {
            return [];
        }
    });
}

function checkStatus(name, pid) {
    const own = BigInt(`0x${field(statusOf(process.pid, process.pid), 'CapEff')}`);
    const threads = threadsOf(pid);
    assert.ok(threads.length > 0);
    for (const {thread, status} of threads) {
        const seen = {
            privileges: field(status, 'NoNewPrivs'), filter: field(status, 'Seccomp'),
            // Of nacred's children, one more than nacred's own.
            filters: Number(field(status, 'Seccomp_filters')),
            capabilities: BigInt(`0x${field(status, 'CapEff')}`),
        };
        const wanted = {privileges: '1', filter: '2', filters: name === 'nacred' ? 1 : 2,
            capabilities: own & kKeeps[name]};
        assert.deepEqual(seen, wanted, `${name}, thread ${thread} of ${pid}`);
    }
}

function open(thread, file) {
    const result = spawnSync(path.join(kBuild, 'attack/attack'), [thread, 'open', file],
        {encoding: 'utf8', timeout: 60_000});
    return {said: result.stdout.trim(), error: result.stderr};
}

// Every one but the main thread, which attack.test.js tries. How many those were.
function tryToOpen(name, pid, file) {
    let tried = 0;
    for (const {thread} of threadsOf(pid)) {
        if (Number(thread) === pid) continue;
        const {said, error} = open(thread, file);
        // Ended before it was reached.
        if (said === '' && error.includes('No such process')) continue;
        assert.equal(said, 'refused EACCES', `${name}, thread ${thread}: ${error}`);
        tried += 1;
    }
    return tried;
}

scenario('attack: every thread of every daemon is confined when it is ready, and later', async (world) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'nacre-outside-'));
    world.onClose(() => rmSync(folder, {recursive: true, force: true}));
    const secret = path.join(folder, 'secret');
    writeFileSync(secret, 'nobody of nacre should read this', {mode: 0o600});
    await world.boot();
    await world.startDaemon({bin: 'bin', config: `${world.config()}\n[lock]\nsession = 0\n`});
    const log = () => world.nacre.log;
    await until('vaultd and courier are ready', () => /nacred.*\bready$/m.test(log()));
    const pids = {'nacred': world.nacre.process.pid};
    for (const name of ['nacre-vaultd', 'nacre-courier']) pids[name] = await world.nacre.pid(name);
    for (const [name, pid] of Object.entries(pids)) checkStatus(name, pid);
    pids['nacre-sentry'] = await world.nacre.pid('nacre-sentry');
    await until('the sentry is ready', () =>
        Number(field(statusOf(pids['nacre-sentry'], pids['nacre-sentry']), 'Seccomp_filters')) > 1);

    // An open vault has more threads.
    await world.createVault();
    for (const [name, pid] of Object.entries(pids)) {
        checkStatus(name, pid);
        const tried = tryToOpen(name, pid, secret);
        if (['nacre-vaultd', 'nacre-courier'].includes(name)) assert.ok(tried > 2, `${name}: ${tried} threads`);
        checkStatus(name, pid);
    }
    assert.equal((await world.api.status()).vault, 'VAULT_STATE_UNLOCKED');
}, {timeout: 240_000});
