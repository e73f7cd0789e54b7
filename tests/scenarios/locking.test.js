// Goal: the vault locks by itself when it is told to: by time, by a signal, by the lock socket. What
// comes after is a locked daemon, on the same sockets.

import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import {Cli} from './support/cli.js';
import {Code} from './support/api.js';
import {kPassphrase, scenario} from './support/world.js';
import {alive} from './support/daemon.js';
import {until, within} from './support/wait.js';

async function openVault(world, lock = '') {
    await world.boot({contacts: []});
    await world.startDaemon({config: `${world.config()}\n[lock]\n${lock}\n`});
    await world.createVault();
}

// What is mapped in a process; nothing in one that is past its end, or gone.
function mappings(pid) {
    try {
        return readFileSync(`/proc/${pid}/maps`, 'latin1');
    } catch {
        return '';
    }
}

// Says "lock" as nacre-sentry does; resolves at end of file.
function askToLock(world, byte = 'L') {
    const socket = net.connect(path.join(world.nacre.runtime, 'lock.sock'));
    socket.on('connect', () => socket.write(byte));
    return new Promise((resolve, reject) => {
        // A locked daemon has closed before the byte is there.
        socket.on('error', (error) =>
            (['EPIPE', 'ECONNRESET'].includes(error.code) ? resolve() : reject(error)));
        socket.on('close', resolve);
        socket.resume();
    });
}

scenario('Lock socket: end of file means that the process with the keys is gone', async (world) => {
    await openVault(world);
    for (let round = 0; round < 3; round += 1) {
        const pid = await world.nacre.pid('nacre-vaultd');
        await within('end of file', askToLock(world));
        // The kernel lets go of the memory first, then of the sockets; then the process is gone.
        assert.equal(mappings(pid), '');
        await world.unlock();
    }
});

scenario('Lock socket: a locked daemon closes at once and goes on', async (world) => {
    await openVault(world);
    await world.api.lock();
    await world.api.serving('LOCKED');
    const pid = await world.nacre.pid('nacre-vaultd');
    for (let round = 0; round < 3; round += 1) await within('end of file', askToLock(world));
    assert.ok(alive(pid));
    await world.unlock();
});

scenario('SIGUSR1 locks, to the vault or to nacred, and does nothing to what is locked', async (world) => {
    await openVault(world);
    for (const name of ['nacre-vaultd', 'nacred']) {
        const vault = await world.nacre.pid('nacre-vaultd');
        process.kill(await world.nacre.pid(name), 'SIGUSR1');
        await until('the old process is gone', () => !alive(vault));
        await world.api.serving('LOCKED');
        const locked = await world.nacre.pid('nacre-vaultd');
        const logged = world.nacre.log.length;
        process.kill(await world.nacre.pid(name), 'SIGUSR1');
        await until('it is told', () => world.nacre.log.includes('nothing to lock', logged));
        await world.unlock();
        assert.equal(await world.nacre.pid('nacre-vaultd'), locked);
    }
});

scenario('Idle: requests keep the vault open, listening and asking for the state do not', async (world) => {
    await openVault(world, 'idle = 8');
    // Longer in use than it may be idle.
    const end = Date.now() + 9500;
    await until('time goes by', async () => {
        await world.api.conversations();
        return Date.now() > end;
    });
    assert.equal((await world.api.status()).vault, 'VAULT_STATE_UNLOCKED');
    // The event stream stays open meanwhile, and the state is asked for all the time.
    await world.api.serving('LOCKED');
    await world.unlock();
    await world.api.serving('LOCKED');
});

scenario('Open time: over, however busy it is', async (world) => {
    await openVault(world, 'open = 3');
    await until('locked', async () => {
        try {
            await world.api.conversations();
            return false;
        } catch {
            return true;
        }
    });
    await world.api.serving('LOCKED');
    await world.unlock();
});

scenario('Free memory is overwritten after a lock, and after a crash, of an open vault', async (world) => {
    const overwritten = () => until('overwritten', async () => {
        const status = await world.api.serving();
        // Or as much as was free.
        return /OVERWRITTEN|ENDED_EARLY/.test(status.free_memory);
    }, 90_000);  // at the lowest priority
    await openVault(world, 'overwrite_free_memory = 1');
    assert.equal((await world.api.status()).free_memory, 'FREE_MEMORY_UNSPECIFIED');
    await world.api.lock();
    await overwritten();
    await world.unlock();
    await world.nacre.kill('nacre-vaultd');
    await world.api.serving('LOCKED');
    await until('started again', () => world.nacre.log.match(/nacre-overwrite started_pid/g)?.length === 2);
    await overwritten();
}, {timeout: 240_000});

function panic(world) {
    const cli = new Cli(world.nacre.environment);
    return (token) => cli.run(['--json', '--socket', world.api.socket, '--token-file', token, 'panic']);
}

scenario('Panic: locks with a token, without one, and what is locked already', async (world) => {
    await openVault(world);
    const token = path.join(world.folder, 'cli.token');
    writeFileSync(token, `${world.api.token}\n`, {mode: 0o600});
    for (const [file, code] of [[token, 0], ['/nonexistent', undefined], [token, 0]]) {
        const vault = await world.nacre.pid('nacre-vaultd');
        const result = await panic(world)(file);
        if (code !== undefined) {
            assert.equal(result.code, code, result.stderr);
            assert.deepEqual(JSON.parse(result.stdout), {state: 'locked', slotsDestroyed: false});
        }
        assert.ok(!alive(vault));
        await world.unlock();
    }
    await world.api.lock();
    await world.api.serving('LOCKED');
    const result = await panic(world)('/nonexistent');
    assert.equal(result.code, 0, result.stderr);
    await world.unlock();
});

for (const state of ['open', 'locked']) {
    scenario(`Panic: destroys what opens the vault, if configured: ${state}`, async (world) => {
        await openVault(world, 'panic_destroys_slots = true');
        if (state === 'locked') {
            await world.api.lock();
            await world.api.serving('LOCKED');
        }
        const token = path.join(world.folder, 'cli.token');
        writeFileSync(token, `${world.api.token}\n`, {mode: 0o600});
        const result = await panic(world)(token);
        assert.equal(result.code, 0, result.stderr);
        assert.deepEqual(JSON.parse(result.stdout), {state: 'locked', slotsDestroyed: true});
        await world.api.serving('LOCKED');
        await assert.rejects(world.api.unlock(kPassphrase),
            (error) => Code[error.code] === 'PERMISSION_DENIED' && error.reason === 'WRONG_PASSPHRASE');
    });
}
