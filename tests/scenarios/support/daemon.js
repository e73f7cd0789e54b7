// Daemon: one nacre instance of the test's own, run from the built programs: nacred and the two
// processes that it starts, with their folders, their configuration and what they log.

import {spawn} from 'node:child_process';
import {
    createWriteStream, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync,
} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

import {Api} from './api.js';
import {until, within} from './wait.js';

const kTop = fileURLToPath(new URL('../../..', import.meta.url));
export const kBuild = process.env.NACRE_BUILD ?? path.join(kTop, 'build/release');

// Children of a process, as {pid, name}.
function childrenOf(pid) {
    const children = [];
    for (const entry of readdirSync('/proc')) {
        if (!/^\d+$/.test(entry)) continue;
        try {
            const stat = readFileSync(`/proc/${entry}/stat`, 'latin1');
            const end = stat.lastIndexOf(')');
            const [state, parent] = stat.slice(end + 2).split(' ');
            if (Number(parent) === pid && state !== 'Z') {
                const program = readFileSync(`/proc/${entry}/cmdline`, 'latin1').split('\0')[0];
                children.push({pid: Number(entry), name: path.basename(program)});
            }
        } catch {
            // gone meanwhile
        }
    }
    return children;
}

export function alive(pid) {
    try {
        process.kill(pid, 0);
        return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    } catch {
        return false;
    }
}

export class Daemon {
    log = '';
    process;
    enter = [];     // a command that runs nacred in its own place, such as ['nsenter', …]
    useXdg = false; // true: nacred finds its folders by the environment

    // bin: 'testbin' has crash points and a low Argon2 floor, 'bin' is the product.
    constructor(folder, config, bin = 'testbin') {
        this.folder = folder;
        this.bin = path.join(kBuild, bin);
        this.state = path.join(folder, 'state');
        this.runtime = path.join(folder, 'run');
        this.config = path.join(folder, 'nacre.toml');
        mkdirSync(this.runtime, {recursive: true, mode: 0o700});
        mkdirSync(this.state, {recursive: true, mode: 0o700});
        writeFileSync(this.config, config);
        this.logFile = path.join(folder, 'nacre.log');
        this.api = new Api(this.runtime);
    }

    get environment() {
        return {
            PATH: '/usr/bin:/bin', HOME: this.folder, LANG: 'C.UTF-8',
            XDG_STATE_HOME: path.join(this.folder, 'xdg-state'),
            XDG_RUNTIME_DIR: path.join(this.folder, 'xdg-run'),
            XDG_CONFIG_HOME: path.join(this.folder, 'xdg-config'),
        };
    }

    // Starts nacred without waiting for anything. crashPoint: see daemon/base/crash_point.h.
    spawn({crashPoint, env = {}} = {}) {
        const environment = {...this.environment, ...env};
        if (crashPoint) environment.NACRE_CRASH_POINT = crashPoint;
        const places = this.useXdg ? [] :
            ['--config', this.config, '--state', this.state, '--runtime', this.runtime];
        const [program, ...args] = [...this.enter, path.join(this.bin, 'nacred'), ...places];
        const child = spawn(program, args, {env: environment, stdio: ['ignore', 'pipe', 'pipe']});
        const file = createWriteStream(this.logFile, {flags: 'a'});
        for (const stream of [child.stdout, child.stderr]) {
            stream.on('data', (chunk) => {
                this.log += chunk;
                // Its last words may come after its end.
                if (!file.writableEnded) file.write(chunk);
            });
        }
        this.process = child;
        this.exited = new Promise((resolve) => {
            child.on('exit', (code, signal) => {
                file.end();
                resolve({code, signal});
            });
            child.on('error', (error) => resolve({error}));
        });
        return child;
    }

    async start(options = {}) {
        this.spawn(options);
        const failed = this.exited.then(({code, signal, error}) => {
            throw new Error(`nacred ended at start: ${error ?? signal ?? code}\n${this.log}`);
        });
        failed.catch(() => undefined);
        return Promise.race([this.api.serving(options.state), failed]);
    }

    // The pid of 'nacre-courier' or 'nacre-vaultd', once it runs.
    async pid(name) {
        if (name === 'nacred') return this.process.pid;
        return until(`${name} running`, () =>
            childrenOf(this.process.pid).find((child) => child.name === name)?.pid);
    }

    async kill(name, signal = 'SIGKILL') {
        const pid = await this.pid(name);
        process.kill(pid, signal);
        await until(`${name} ${pid} gone`, () => !alive(pid));
        return pid;
    }

    // Ends when the named child has died of its crash point (or of anything else).
    async crashed(name, timeoutMs = 30_000) {
        const pid = await this.pid(name);
        return {gone: until(`${name} crashed`, () => !alive(pid), timeoutMs), pid};
    }

    // All at once, as a power cut would: the supervisor first, so that nothing is started again.
    async killAll() {
        const pids = [this.process.pid, ...childrenOf(this.process.pid).map((child) => child.pid)];
        for (const pid of pids) {
            try {
                process.kill(pid, 'SIGKILL');
            } catch {
                // gone already
            }
        }
        await this.exited;
        await until('children gone', () => !pids.some(alive));
    }

    // nacred alone, as an out-of-memory killer would. The others must end by themselves.
    async killSupervisor() {
        // Stopped, so that none is born behind the list.
        process.kill(this.process.pid, 'SIGSTOP');
        const children = childrenOf(this.process.pid);
        this.process.kill('SIGKILL');
        await this.exited;
        for (const {name, pid} of children) {
            await until(`${name} ended by itself`, () => !alive(pid), 15_000);
        }
    }

    // Orderly: SIGTERM to nacred, which takes the others with it.
    async stop(timeoutMs = 15_000) {
        if (this.process === undefined || !alive(this.process.pid)) return undefined;
        const children = childrenOf(this.process.pid).map((child) => child.pid);
        this.process.kill('SIGTERM');
        try {
            const result = await within('nacred ends', this.exited, timeoutMs);
            await until('children gone', () => !children.some(alive), 5000);
            return result;
        } catch (error) {
            await this.killAll();
            throw error;
        }
    }

    async restart(options = {}) {
        await this.stop();
        return this.start(options);
    }

    files(part) {
        const folder = path.join(this.state, part);
        if (!existsSync(folder)) return [];
        return readdirSync(folder, {recursive: true, withFileTypes: true})
            .filter((entry) => entry.isFile())
            .map((entry) => path.join(entry.parentPath, entry.name));
    }

    // Proportional share of memory of each process, KiB.
    async memory() {
        const sizes = {};
        for (const name of ['nacred', 'nacre-courier', 'nacre-vaultd']) {
            const rollup = readFileSync(`/proc/${await this.pid(name)}/smaps_rollup`, 'latin1');
            sizes[name] = Number(/^Pss:\s+(\d+) kB/m.exec(rollup)[1]);
        }
        return sizes;
    }
}
