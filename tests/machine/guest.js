// Guest: a virtual machine of the test's own, with nacre in it, that reaches nothing but the test
// server's port on the host. What it is told goes over a serial line.

import {spawn} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import readline from 'node:readline';

import {kBuild} from '../scenarios/support/daemon.js';
import {until, within} from '../scenarios/support/wait.js';

const kImages = path.join(kBuild, '../machine');
const kMemory = 2 * 1024 ** 3; // in one piece: the PC's memory is split above 3 GiB
const kPatience = 600_000;

// Pages by /proc/kpageflags; see Documentation/admin-guide/mm/pagemap.rst.
const kOwners = [[20, 'no page'], [10, 'free pages'], [7, 'slab'], [26, 'page tables'],
    [12, 'processes'], [5, 'page cache'], [11, 'mapped files']];

export class Guest {
    #answers = [];
    #waiting = [];
    console = '';

    constructor(folder, port) {
        this.folder = folder;
        this.port = port;
    }

    async boot(kernelArguments) {
        const at = (name) => path.join(this.folder, name);
        const wire = net.createServer();
        await new Promise((resolve) => wire.listen(at('wire'), resolve));
        const connected = new Promise((resolve) => wire.once('connection', resolve));
        this.process = spawn('qemu-system-x86_64', [
            '-accel', 'tcg', '-cpu', 'max', '-machine', 'pc', '-m', `${kMemory}B`, '-smp', '2',
            '-nodefaults', '-display', 'none', '-no-reboot',
            '-kernel', path.join(kImages, 'kernel'), '-initrd', path.join(kImages, 'root.cpio'),
            '-append', `console=ttyS0 panic=-1 quiet nacre.port=${this.port} ${kernelArguments}`,
            '-nic', 'user,model=virtio-net-pci,restrict=on,' +
                `guestfwd=tcp:10.0.2.100:443-cmd:socat - TCP:127.0.0.1:${this.port}`,
            '-serial', 'stdio', '-serial', `unix:${at('wire')}`, '-serial', `file:${at('flags')}`,
            '-qmp', `unix:${at('monitor')},server=on,wait=off`,
        ], {stdio: ['ignore', 'pipe', 'pipe']});
        for (const stream of [this.process.stdout, this.process.stderr]) {
            stream.on('data', (chunk) => { this.console += chunk.toString('latin1'); });
        }
        const gone = new Promise((_, reject) => {
            this.process.on('exit', (code) => reject(new Error(`qemu ended with ${code}: ${this.console}`)));
            this.process.on('error', reject);
        });
        gone.catch(() => undefined);
        this.wire = await Promise.race([connected, gone]);
        wire.close();
        readline.createInterface({input: this.wire}).on('line', (line) => {
            this.#answers.push(line.trimEnd());
            for (const wake of this.#waiting.splice(0)) wake();
        });
        await Promise.race([this.#answer('the guest is up', (line) => line === 'ready'), gone]);
    }

    // Takes lines until one fits; the lines before it, and it.
    #answer(what, fits, onLine) {
        const take = async () => {
            const lines = [];
            for (;;) {
                while (this.#answers.length > 0) {
                    const line = this.#answers.shift();
                    if (fits(line)) return {lines, last: line};
                    onLine?.(line);
                    lines.push(line);
                }
                await new Promise((resolve) => this.#waiting.push(resolve));
            }
        };
        return within(what, take(), kPatience);
    }

    // Runs one of guest_init.sh's commands: its output and status. `secret` is read by nacre alone.
    async tell(command, {secret, onLine} = {}) {
        this.wire.write(`${command}\n${secret === undefined ? '' : `${secret}\n`}`);
        const {lines, last} = await this.#answer(command, (line) => /^done \d+$/.test(line), onLine);
        return {lines, status: Number(last.slice(5))};
    }

    async write(name, contents) {
        const encoded = Buffer.from(contents).toString('base64');
        await this.tell(`file ${name} ${encoded}`);
    }

    // nacre's one JSON object.
    async json(args) {
        const {lines} = await this.tell(`show /nacre/nacre --json ${args}`);
        return lines.length > 0 && lines[0].startsWith('{') ? JSON.parse(lines[0]) : {};
    }

    // The whole memory into a file, the machine standing still; and whose each page is.
    async dump(name) {
        const flagsFile = path.join(this.folder, 'flags');
        const before = existsSync(flagsFile) ? readFileSync(flagsFile).length : 0;
        await this.tell('flags');
        const size = kMemory / 4096 * 8;
        await until('page flags', () => readFileSync(flagsFile).length >= before + size, kPatience);
        const flags = readFileSync(flagsFile).subarray(before, before + size);
        const file = path.join(this.folder, name);
        await this.#monitor([{execute: 'qmp_capabilities'}, {execute: 'stop'},
            {execute: 'pmemsave', arguments: {val: 0, size: kMemory, filename: file}},
            {execute: 'cont'}]);
        return {file, owner: (offset) => ownerOf(flags, offset)};
    }

    async #monitor(commands) {
        const socket = net.connect(path.join(this.folder, 'monitor'));
        const replies = readline.createInterface({input: socket})[Symbol.asyncIterator]();
        for (const command of commands) {
            socket.write(JSON.stringify(command));
            for (;;) {
                const {value, done} = await within(command.execute, replies.next(), kPatience);
                if (done) throw new Error('qemu closed its monitor');
                const reply = JSON.parse(value);
                if (reply.error) throw new Error(`${command.execute}: ${reply.error.desc}`);
                if ('return' in reply) break; // else its greeting, or an event
            }
        }
        socket.destroy();
    }

    close() {
        this.wire?.destroy();
        this.process?.kill('SIGKILL');
    }
}

function ownerOf(flags, offset) {
    const bits = flags.readBigUInt64LE(Math.floor(offset / 4096) * 8);
    const found = kOwners.find(([bit]) => (bits >> BigInt(bit)) & 1n);
    return found ? found[1] : 'the kernel, else';
}
