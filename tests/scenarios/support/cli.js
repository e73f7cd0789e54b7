// Cli: the nacre command, run as a person's shell would run it.

import {spawn} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import path from 'node:path';

import {kBuild} from './daemon.js';

// What test binaries said of calls that their rules forbid, of all commands since the last time of asking.
let forbidden = [];

export function forbiddenCalls() {
    const found = forbidden;
    forbidden = [];
    return found;
}

export class Cli {
    // environment: says by its XDG folders which daemon is meant. bin: 'testbin' names a forbidden system
    // call, its own or nacre-slot's; 'bin' is the product.
    constructor(environment, bin = 'testbin') {
        this.program = path.join(kBuild, bin, 'nacre');
        this.environment = environment;
    }

    // Starts a command; a passphrase, if given, stands on descriptor 3. onLine sees each line of
    // stdout as it comes.
    start(args, {passphrase, input, onLine} = {}) {
        const withSecret = passphrase === undefined ? args : [...args, '--passphrase-fd', '3'];
        const child = spawn(this.program, withSecret, {
            env: this.environment,
            stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe',
                ...(passphrase === undefined ? [] : ['pipe'])],
        });
        // A command that fails early does not read what it is given.
        for (const [pipe, bytes] of [[child.stdio[3], `${passphrase}\n`], [child.stdin, input]]) {
            pipe?.on('error', () => undefined);
            pipe?.end(bytes);
        }
        const output = {stdout: '', stderr: ''};
        let rest = '';
        child.stdout.on('data', (chunk) => {
            output.stdout += chunk;
            const lines = (rest + chunk).split('\n');
            rest = lines.pop();
            for (const line of lines) onLine?.(line);
        });
        child.stderr.on('data', (chunk) => { output.stderr += chunk; });
        const done = new Promise((resolve, reject) => {
            child.on('error', reject);
            child.on('close', (code, signal) => {
                forbidden.push(...output.stderr.match(/^.*forbidden system call.*$/gm) ?? []);
                resolve({code, signal, ...output});
            });
        });
        return {child, done, output: () => output.stdout};
    }

    run(args, options) {
        return this.start(args, options).done;
    }

    // The objects that a command prints with --json; an error if it fails.
    async json(args, options) {
        const result = await this.run(['--json', ...args], options);
        if (result.code !== 0) {
            throw new Error(`nacre ${args.join(' ')} ended with ${result.code}: ${result.stderr}`);
        }
        return result.stdout.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
    }

    // What it prints for people; an error if it fails.
    async text(args, options) {
        const result = await this.run(args, options);
        if (result.code !== 0) {
            throw new Error(`nacre ${args.join(' ')} ended with ${result.code}: ${result.stderr}`);
        }
        return result.stdout.trimEnd();
    }
}

// The command for the world's daemon. Its token is the one that `nacre init` left, or, with
// `token`, the given one.
export function command(world, token) {
    const file = `${world.folder}/cli.token`;
    if (token !== undefined) writeFileSync(file, `${token}\n`, {mode: 0o600});
    const cli = new Cli(world.nacre.environment);
    const places = ['--socket', world.api.socket, '--token-file', file];
    return {
        start: (args, options) => cli.start([...places, ...args], options),
        run: (args, options) => cli.run([...places, ...args], options),
        json: (args, options) => cli.json([...places, ...args], options),
    };
}
