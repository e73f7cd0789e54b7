// Cell: a network namespace with one way out, and a record of everything that is sent in it. The way
// leads to this namespace, where the test server and the proxy are; nothing is forwarded from here.

import {execFileSync, spawn} from 'node:child_process';
import {readlinkSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

import {until, within} from '../scenarios/support/wait.js';

// Addresses for documentation.
export const kOutside = '192.0.2.1';
const kInside = '192.0.2.2';
const kCapture = fileURLToPath(new URL('capture.py', import.meta.url));

const run = (program, ...args) => execFileSync(program, args, {stdio: ['ignore', 'pipe', 'inherit']});

// What the kernel itself sends on an interface that comes up.
const kKernels = /^nacre-in (arp|icmp6 \S+ (133|134|135|136|143))$/;

export class Cell {
    #marks = 0;
    #output = '';
    #read = 0;

    static async make(world) {
        const cell = new Cell();
        cell.holder = spawn('unshare', ['-n', 'sleep', 'infinity'], {stdio: 'ignore'});
        world.onClose(() => cell.close());
        const own = readlinkSync('/proc/self/ns/net');
        await until('the namespace', () => readlinkSync(`/proc/${cell.holder.pid}/ns/net`) !== own);
        await until('the program in it', () =>
            readlinkSync(`/proc/${cell.holder.pid}/exe`).endsWith('sleep'));
        cell.#connect();
        await cell.#startCapture();
        return cell;
    }

    // Before a command: it runs in here.
    get enter() {
        return ['nsenter', '-t', String(this.holder.pid), '-n'];
    }

    #connect() {
        const inside = (...args) => run(...this.enter, ...args);
        // So that "localhost" is 127.0.0.1 to the proxy, where the test server listens.
        writeFileSync('/proc/sys/net/ipv6/conf/lo/disable_ipv6', '1');
        run('ip', 'link', 'add', 'nacre-out', 'type', 'veth', 'peer', 'name', 'nacre-in',
            'netns', String(this.holder.pid));
        run('ip', 'address', 'add', `${kOutside}/30`, 'dev', 'nacre-out');
        run('ip', 'link', 'set', 'nacre-out', 'up');
        inside('ip', 'link', 'set', 'lo', 'up');
        inside('ip', 'address', 'add', `${kInside}/30`, 'dev', 'nacre-in');
        inside('ip', 'address', 'add', '2001:db8::2/64', 'dev', 'nacre-in', 'nodad');
        inside('ip', 'link', 'set', 'nacre-in', 'up');
        // Whatever is sent anywhere is sent, and so recorded.
        inside('ip', 'route', 'add', 'default', 'via', kOutside);
        inside('ip', '-6', 'route', 'add', 'default', 'via', '2001:db8::1', 'dev', 'nacre-in');
    }

    async #startCapture() {
        const [program, ...args] = [...this.enter, 'python3', kCapture, kOutside];
        this.capture = spawn(program, args, {stdio: ['pipe', 'pipe', 'inherit']});
        this.capture.stdin.on('error', () => undefined);
        this.capture.stdout.on('data', (chunk) => { this.#output += chunk; });
        this.ended = new Promise((resolve) => { this.capture.on('close', resolve); });
        await until('capturing', () => this.#output.startsWith('ready\n'));
        this.#read = this.#output.indexOf('\n') + 1;
    }

    // What programs have sent since the last time, from "lo udp 127.0.0.1 53" to this moment.
    async sent() {
        const mark = `mark ${this.#marks += 1}`;
        this.capture.stdin.write(`${mark}\n`);
        await until(mark, () => this.#output.includes(`\n${mark}\n`, this.#read - 1));
        const end = this.#output.indexOf(`\n${mark}\n`, this.#read - 1);
        const lines = this.#output.slice(this.#read, end + 1).split('\n').filter((line) => line !== '');
        this.#read = end + mark.length + 2;
        return lines.filter((line) => !kKernels.test(line));
    }

    // Nothing was missed: to be called at the end.
    async finish() {
        this.capture.stdin.end();
        await within('capture ends', this.ended);
        return /dropped (\d+)\n$/.exec(this.#output)?.[1];
    }

    close() {
        this.capture?.kill('SIGKILL');
        this.holder.kill('SIGKILL');
    }
}
