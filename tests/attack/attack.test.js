// Goal: whoever takes over a process of nacre's gets no further. Each process tries, from inside, what
// an attacker would; what the policy does not need is refused or ends the process, and vaultd comes
// back locked. The product's binaries, unchanged (attack.cpp says how).
//
// The table is the claim; README.md and sandbox/README.md say the same in words. What is allowed is in
// it as well: "done", and why.

import assert from 'node:assert/strict';
import {spawn, spawnSync} from 'node:child_process';
import {
    existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync,
} from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

import {Cli} from '../scenarios/support/cli.js';
import {alive, kBuild} from '../scenarios/support/daemon.js';
import {kPassphrase, scenario} from '../scenarios/support/world.js';
import {until} from '../scenarios/support/wait.js';

const kKilled = 'killed SYS';
const kDenied = 'refused EACCES';
const kOutOfScope = 'refused EPERM';
const kDone = 'done';

// The columns' order.
const kProcesses = [
    'nacre-vaultd', 'nacre-courier', 'nacred', 'nacre-sentry', 'nacre-overwrite', 'nacre', 'nacre-slot',
];

// nacred's children resolve names by UDP, and nacre-sentry and the command are there to talk to Unix
// sockets; what children need, nacred's own rules, which are theirs too, cannot forbid.
const kTable = {
    //             vaultd    courier   nacred    sentry    overwrite command  slot
    'open':        [kDenied, kDenied, kDenied, kDenied, kDenied, kDenied, kDenied],
    'write':       [kDenied, kDenied, kDenied, kDenied, kDenied, kDenied, kDenied],
    'tcp':         [kKilled, kDenied, kDenied, kKilled, kKilled, kKilled, kKilled],
    'fastopen':    [kKilled, kKilled, kKilled, kKilled, kKilled, kKilled, kKilled],
    'mptcp':       [kKilled, kKilled, kKilled, kKilled, kKilled, kKilled, kKilled],
    'listen':      [kKilled, kDenied, kDenied, kKilled, kKilled, kKilled, kKilled],
    'udp':         [kKilled, kDone, kDone, kKilled, kKilled, kKilled, kKilled],
    'unix':        [kKilled, kDenied, kDone, kDone, kKilled, kDone, kKilled],
    'abstract':    [kKilled, kDenied, kDone, kDone, kKilled, kOutOfScope, kKilled],
    'exec':        [kKilled, kKilled, kDenied, kKilled, kKilled, kKilled, kKilled],
    'fork':        [kKilled, kKilled, kDone, kKilled, kKilled, kKilled, kKilled],
    'ptrace':      [kKilled, kKilled, kKilled, kKilled, kKilled, kKilled, kKilled],
    'read-memory': [kKilled, kKilled, kKilled, kKilled, kKilled, kKilled, kKilled],
    'open-memory': [kDenied, kDenied, kDenied, kDenied, kDenied, kDenied, kDenied],
    'signal':      [kKilled, kKilled, kOutOfScope, kKilled, kKilled, kKilled, kKilled],
    'map-code':    [kKilled, kKilled, kDenied, kKilled, kKilled, kKilled, kKilled],
    'make-code':   [kKilled, kKilled, kDenied, kKilled, kKilled, kKilled, kKilled],
    'namespace':   [kKilled, kKilled, kKilled, kKilled, kKilled, kKilled, kKilled],
    'io_uring':    [kKilled, kKilled, kKilled, kKilled, kKilled, kKilled, kKilled],
    'bpf':         [kKilled, kKilled, kKilled, kKilled, kKilled, kKilled, kKilled],
    'keyctl':      [kKilled, kKilled, kKilled, kKilled, kKilled, kKilled, kKilled],
    'userfaultfd': [kKilled, kKilled, kKilled, kKilled, kKilled, kKilled, kKilled],
};

// nacred waits ever longer before it starts a program that keeps dying; a new one begins anew.
const kDeathsPerNacred = 3;

if (process.getuid() !== 0) throw new Error('attack: needs root, to put calls into processes');

function attack(victim, attempt, argument) {
    const tool = path.join(kBuild, 'attack/attack');
    const result = spawnSync(tool, [String(victim), attempt, ...(argument === undefined ? [] : [argument])],
        {encoding: 'utf8', timeout: 60_000});
    assert.equal(result.status, 0, `attack ${attempt}: ${result.stderr}`);
    return result.stdout.trim();
}

// How many filters of system calls a process has.
function filters(pid) {
    return Number(/^Seccomp_filters:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))[1]);
}

// What is there to be reached: each has been reached from outside before it counts as unreachable.
class Outside {
    constructor(folder) {
        this.folder = folder;
        this.own = mkdtempSync(path.join(os.tmpdir(), 'nacre-outside-'));
        this.secret = path.join(this.own, 'secret');
        writeFileSync(this.secret, 'nobody of nacre should read this', {mode: 0o600});
        this.bus = path.join(folder, 'bus');
        this.abstract = `nacre-attack-${process.pid}`;
    }

    async open() {
        this.servers = [
            await this.#listen({host: '127.0.0.1', port: 0}), await this.#listen({path: this.bus}),
            await this.#listen({path: `\0${this.abstract}`}),
        ];
        this.port = this.servers[0].address().port;
        this.bystander = spawn('sleep', ['1000'], {stdio: 'ignore'});
        return this;
    }

    async #listen(where) {
        const server = net.createServer((socket) => socket.destroy());
        await new Promise((resolve, reject) => server.once('error', reject).listen(where, resolve));
        return server;
    }

    argument(attempt, process, world) {
        const others = process === 'nacre-courier' ? 'vault' : 'courier';
        switch (attempt) {
            case 'open': return this.secret;
            case 'write': return process === 'nacred' ? path.join(this.own, 'new')
                : path.join(world.nacre.state, others, 'new');
            case 'tcp': case 'fastopen': case 'mptcp': case 'udp': return String(this.port);
            case 'unix': return this.bus;
            case 'abstract': return this.abstract;
            case 'exec': return '/usr/bin/true';
            case 'ptrace': case 'read-memory': case 'open-memory': case 'signal':
                return String(this.bystander.pid);
            default: return undefined;
        }
    }

    close() {
        rmSync(this.own, {recursive: true, force: true});
        for (const server of this.servers) server.close();
        this.bystander.kill();
    }
}

// A process to attack, again after it has died.
class Victims {
    deaths = 0;

    constructor(world) {
        this.world = world;
        this.cli = new Cli(world.nacre.environment, 'bin');
    }

    async pid(name) {
        switch (name) {
            case 'nacre-overwrite': return path.join(kBuild, 'bin/nacre-overwrite');
            case 'nacre': return this.#watching();
            case 'nacre-slot': return this.#waiting();
        }
        const pid = await this.world.nacre.pid(name);
        // nacred's children have its filter before they have their own.
        await until(`${name} filtered`, () => filters(pid) >= (name === 'nacred' ? 1 : 2));
        return pid;
    }

    #start(...words) {
        this.command = spawn(this.cli.program,
            ['--socket', this.world.api.socket, '--token-file', this.token(), ...words],
            {env: this.cli.environment, stdio: ['pipe', 'ignore', 'ignore']});
        return this.command.pid;
    }

    async #watching() {
        if (this.command !== undefined && alive(this.command.pid)) return this.command.pid;
        const pid = this.#start('watch');
        await until('nacre watches', () => {
            const status = readFileSync(`/proc/${pid}/status`, 'latin1');
            return filters(pid) > 0 && Number(/^Threads:\t(\d+)$/m.exec(status)[1]) > 4;
        });
        return pid;
    }

    // nacre-slot while its command asks for the passphrase, and has rules as well.
    async #waiting() {
        if (this.slot !== undefined && alive(this.slot)) return this.slot;
        this.command?.kill();
        const parent = this.#start('slot', 'test', '--passphrase-fd', '0');
        await until('nacre-slot waits', () => {
            this.slot = Number(readFileSync(`/proc/${parent}/task/${parent}/children`, 'latin1'));
            return this.slot > 0 && filters(this.slot) > 0 && filters(parent) > 0;
        });
        return this.slot;
    }

    token() {
        const file = path.join(this.world.folder, 'cli.token');
        if (!existsSync(file)) writeFileSync(file, `${this.world.api.token}\n`, {mode: 0o600});
        return file;
    }

    // Afterwards everything runs, as before.
    async died(name, pid) {
        if (['nacre-overwrite', 'nacre', 'nacre-slot'].includes(name)) return;
        await until(`${name} gone`, () => !alive(pid));
        this.deaths += 1;
        if (name === 'nacred') await this.world.nacre.exited;
        if (name === 'nacred' || this.deaths % kDeathsPerNacred === 0) await this.world.nacre.restart();
        // Only the death of the process that held the keys has to lock, and has to.
        await this.world.api.serving(name === 'nacre-vaultd' ? 'LOCKED' : undefined);
    }
}

async function tryAll(world, outside, name) {
    const victims = new Victims(world);
    const wrong = [];
    for (const [attempt, expected] of Object.entries(kTable)) {
        if (name === 'nacre' && (await world.api.status()).vault !== 'VAULT_STATE_UNLOCKED') {
            await world.api.unlock(kPassphrase);
        }
        const pid = await victims.pid(name);
        const wanted = expected[kProcesses.indexOf(name)];
        const result = attack(pid, attempt, outside.argument(attempt, name, world));
        if (result !== wanted) wrong.push(`${name} ${attempt}: ${result}, expected ${wanted}`);
        if (result.startsWith('killed')) await victims.died(name, pid);
        else if (typeof pid === 'number') assert.ok(alive(pid), `${name} lives on after ${attempt}`);
    }
    victims.command?.kill();
    assert.deepEqual(wrong, []);
}

async function boot(world) {
    await world.boot();
    const rules = '[lock]\nsession = 0\noverwrite_free_memory = 1\n';
    await world.startDaemon({bin: 'bin', config: `${world.config()}\n${rules}`});
    await world.createVault();
    world.events.close();
    world.events = undefined;
    const outside = await new Outside(world.folder).open();
    world.onClose(() => outside.close());
    return outside;
}

for (const name of kProcesses) {
    scenario(`attack: from inside ${name}`, async (world) => {
        await tryAll(world, await boot(world), name);
    }, {timeout: 240_000});
}

scenario('attack: the attempts succeed where there is no sandbox', async (world) => {
    const outside = await boot(world);
    // The control: what is refused above is not refused for another reason. A shell that waits for its
    // filter, which never comes, could not be attacked; one with the most harmless of filters can.
    const control = spawn(path.join(kBuild, 'attack/unconfined'), {stdio: ['pipe', 'pipe', 'inherit']});
    await new Promise((resolve) => control.stdout.once('data', resolve));
    for (const attempt of ['open', 'tcp', 'fastopen', 'mptcp', 'listen', 'udp', 'unix', 'abstract', 'signal', 'map-code', 'make-code', 'fork', 'ptrace', 'open-memory']) {
        const result = attack(control.pid, attempt, outside.argument(attempt, 'control', world));
        assert.equal(result, kDone, attempt);
    }
    control.kill();
});

// The kernel makes no namespaces for those whose root is a chroot's: there nothing is hidden, and the
// status has to say so.
const kCanHide = spawnSync('unshare', ['--user', '--mount', '--propagation', 'unchanged', 'true']).status === 0;

scenario('attack: the courier sees neither /run/user nor /run/dbus', async (world) => {
    const seen = [`/run/user/nacre-attack-${process.pid}`, `/run/dbus/nacre-attack-${process.pid}`];
    for (const folder of seen) mkdirSync(folder, {recursive: true});
    world.onClose(() => { for (const folder of seen) rmSync(folder, {recursive: true, force: true}); });
    await boot(world);
    const inside = async (name, folder) => readdirSync(`/proc/${await world.nacre.pid(name)}/root${folder}`);
    for (const folder of seen) {
        const parent = path.dirname(folder);
        if (kCanHide) assert.deepEqual(await inside('nacre-courier', parent), []);
        else assert.ok((await inside('nacre-courier', parent)).includes(path.basename(folder)));
        assert.ok((await inside('nacre-vaultd', parent)).includes(path.basename(folder)), 'the control');
    }
    const status = await world.api.status();
    assert.equal(status.vault_sandbox.filter, 'FILTER_ENFORCED');
    const {courier_sandbox: courier} = await until('the courier says', async () => {
        const now = await world.api.status();
        return now.courier_sandbox && now;
    });
    assert.equal(courier.filter, 'FILTER_ENFORCED');
    assert.equal(courier.hides_buses, kCanHide);
    assert.equal(courier.landlock, status.vault_sandbox.landlock);
});
