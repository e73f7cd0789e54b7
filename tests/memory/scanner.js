// Scanner: memory_scan from Node. What is looked for goes over a pipe, never into arguments.

import {execFile, spawn} from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import {promisify} from 'node:util';

import {kBuild} from '../scenarios/support/daemon.js';

const kProgram = path.join(kBuild, 'memory/memory_scan');

// Hits and bytes of one or more commands.
class Report {
    hits = [];   // {where, offset, what}
    scanned = []; // {where, bytes, refused}

    // 'text 17' of "text 17, UTF-16LE".
    names() {
        return new Set(this.hits.map((hit) => hit.what.split(',')[0]));
    }

    // A line for each place and kind of secret, with the number of hits.
    summary() {
        const counts = new Map();
        for (const hit of this.hits) {
            const kind = hit.what.replace(/ \d+,/, ',');
            const key = `${hit.where}: ${kind}`;
            counts.set(key, (counts.get(key) ?? 0) + 1);
        }
        return [...counts].map(([key, count]) => `${key} × ${count}`).join('\n');
    }

    get bytes() {
        return this.scanned.reduce((sum, part) => sum + part.bytes, 0);
    }
}

export class Scanner {
    #child = spawn(kProgram, [], {stdio: ['pipe', 'pipe', 'inherit']});
    #lines = readline.createInterface({input: this.#child.stdout})[Symbol.asyncIterator]();

    // canaries: texts {name: string}; keys {name: Buffer}.
    constructor({texts = {}, keys = {}}) {
        this.#child.stdin.on('error', () => undefined); // the next read says that it ended
        for (const [name, text] of Object.entries(texts)) {
            this.#write('text', name, Buffer.from(text).toString('hex'));
        }
        for (const [name, key] of Object.entries(keys)) this.#write('key', name, key.toString('hex'));
    }

    #write(...words) {
        this.#child.stdin.write(`${words.join('\t')}\n`);
    }

    async #next() {
        const {value, done} = await this.#lines.next();
        if (done) throw new Error('memory_scan ended');
        const [kind, ...rest] = value.split('\t');
        if (kind === 'error') throw new Error(`memory_scan cannot do: ${rest.join(' ')}`);
        return [kind, rest];
    }

    async #finish(report) {
        for (;;) {
            const [kind, [where, second, third]] = await this.#next();
            if (kind === 'hit') {
                report.hits.push({where, offset: second, what: third});
            } else if (kind === 'done') {
                report.scanned.push({where, bytes: Number(second), refused: Number(third)});
                return report;
            }
        }
    }

    async processes(pids) {
        const report = new Report();
        for (const pid of pids) {
            this.#write('pid', pid);
            await this.#finish(report);
        }
        return report;
    }

    // Files in these folders that have changed since `since` (ms).
    async folders(folders, since) {
        const report = new Report();
        for (const folder of folders) {
            this.#write('tree', folder, Math.floor(since / 1000) - 1);
            await this.#finish(report);
        }
        return report;
    }

    async file(name) {
        this.#write('file', name);
        return this.#finish(new Report());
    }

    // Once the process is traced: {done}, a promise of what stood in its memory when it had ended.
    async atExit(pid) {
        this.#write('exit', pid);
        const [kind] = await this.#next();
        if (kind !== 'tracing') throw new Error(`memory_scan said ${kind}`);
        const done = this.#finish(new Report());
        done.catch(() => undefined);
        return {done};
    }

    // Lets go of what it traces.
    close() {
        this.#child.kill('SIGKILL');
    }
}

// The keys of a vault: {vault_key: Buffer, …}.
export async function vaultKeys(header, passphrase) {
    const running = promisify(execFile)(path.join(kBuild, 'memory/vault_keys'), [header]);
    running.child.stdin.end(passphrase);
    const {stdout} = await running;
    return Object.fromEntries(stdout.trim().split('\n').map((line) => {
        const [name, hex] = line.split(' ');
        return [name, Buffer.from(hex, 'hex')];
    }));
}
