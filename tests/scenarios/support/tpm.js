// SoftwareTpm: a TPM 2.0 of the scenario's own, by swtpm, on a socket in the scenario's folder.

import {execFileSync, spawn} from 'node:child_process';
import {mkdirSync, rmSync} from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import {until} from './wait.js';

export class SoftwareTpm {
    constructor(folder) {
        this.folder = folder;
        this.socket = path.join(folder, 'tpm');
        mkdirSync(folder, {mode: 0o700});
    }

    // For nacre, which takes it as tpm2-tss does.
    get address() { return `swtpm:path=${this.socket}`; }

    async start() {
        rmSync(this.socket, {force: true});
        this.process = spawn('swtpm', ['socket', '--tpm2', '--tpmstate', `dir=${this.folder}`,
            '--server', `type=unixio,path=${this.socket}`, '--ctrl', `type=unixio,path=${this.socket}.ctrl`,
            '--flags', 'not-need-init,startup-clear'], {stdio: 'ignore'});
        this.ended = new Promise((resolve) => {
            this.process.on('exit', resolve);
            this.process.on('error', resolve);
        });
        await until('the TPM answers', () => new Promise((resolve) => {
            const connection = net.connect(this.socket);
            connection.on('error', () => resolve(false));
            connection.on('connect', () => {
                connection.destroy();
                resolve(true);
            });
        }));
        return this;
    }

    async stop() {
        this.process.kill('SIGTERM');
        await this.ended;
    }

    // A boot: the registers begin anew.
    async restart() {
        await this.stop();
        return this.start();
    }

    // A command of tpm2-tools.
    run(command, ...args) {
        execFileSync(command, ['-T', this.address, ...args], {stdio: 'pipe'});
    }

    // Something else is measured into a register.
    extend(register) {
        this.run('tpm2_pcrextend', `${register}:sha256=${'ab'.repeat(32)}`);
    }
}
