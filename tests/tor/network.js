// TorNetwork: a private Tor network on loopback: three authorities, three relays that let out to
// wherever this namespace leads, a client with a SOCKS port.

import {execFileSync, spawn} from 'node:child_process';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';

import {until} from '../scenarios/support/wait.js';

const kAuthorities = 3;
const kRelays = 3;

const common = (folder) => [
    'TestingTorNetwork 1', 'AssumeReachable 1', 'ShutdownWaitLength 0', 'Address 127.0.0.1',
    `DataDirectory ${folder}`, `Log notice file ${folder}/log`,
];
const kVotes = [
    'SocksPort 0',
    'AuthoritativeDirectory 1', 'V3AuthoritativeDirectory 1', 'ContactInfo nobody@example.com',
    'TestingV3AuthInitialVotingInterval 20', 'TestingV3AuthInitialVoteDelay 4',
    'TestingV3AuthInitialDistDelay 4', 'V3AuthVotingInterval 20', 'V3AuthVoteDelay 4',
    'V3AuthDistDelay 4', 'TestingDirAuthVoteExit *', 'TestingDirAuthVoteGuard *',
    'TestingDirAuthVoteHSDir *', 'ExitPolicy reject *:*',
];
const kLetsOut = [
    'SocksPort 0',
    'ExitRelay 1', 'ExitPolicyRejectPrivate 0', 'ExitPolicy accept *:*', 'ServerDNSAllowBrokenConfig 1', 'ServerDNSDetectHijacking 0',
];

export class TorNetwork {
    #processes = new Map();

    constructor(world) {
        this.folder = path.join(world.folder, 'tor');
        mkdirSync(this.folder, {mode: 0o700});
        world.onClose(() => this.stop());
    }

    // `place`: where the client listens, "address:port".
    async start(place) {
        const authorities = [];
        for (let n = 0; n < kAuthorities; n += 1) authorities.push(this.#makeAuthority(n));
        const lines = authorities.map((one) => one.line);
        for (const {name, ports} of authorities) this.#run(name, [...lines, ...kVotes, ...ports]);
        for (let n = 0; n < kRelays; n += 1) {
            const name = `relay${n}`;
            this.#folder(name);
            this.#run(name, [...lines, ...kLetsOut, `Nickname ${name}`, `ORPort 51${n}0`]);
        }
        this.#folder('client');
        // The name is the test server's, and no exit would look it up.
        this.#run('client', [...lines, `SocksPort ${place}`, 'MapAddress localhost 127.0.0.1',
            'ClientRejectInternalAddresses 0']);
        await until('the client has a way through', () => /Bootstrapped 100%/.test(this.log('client')),
            150_000);
    }

    log(name) {
        try {
            return readFileSync(path.join(this.folder, name, 'log'), 'utf8');
        } catch {
            return '';
        }
    }

    #folder(name) {
        const folder = path.join(this.folder, name);
        mkdirSync(folder, {mode: 0o700});
        return folder;
    }

    #makeAuthority(n) {
        const name = `authority${n}`;
        const folder = this.#folder(name);
        const keys = path.join(folder, 'keys');
        mkdirSync(keys, {mode: 0o700});
        const [orPort, dirPort] = [5000 + n * 10, 7000 + n * 10];
        execFileSync('tor-gencert', ['--create-identity-key', '-m', '12', '-a', `127.0.0.1:${dirPort}`,
            '--passphrase-fd', '0'], {cwd: keys, input: 'x\n', stdio: ['pipe', 'ignore', 'ignore']});
        const ports = [`Nickname ${name}`, `ORPort ${orPort}`, `DirPort ${dirPort}`];
        const certificate = readFileSync(path.join(keys, 'authority_certificate'), 'utf8');
        const [, identity] = /^fingerprint (\w+)$/m.exec(certificate);
        // Makes the relay's keys as well.
        writeFileSync(path.join(folder, 'torrc'), [...common(folder), ...ports,
            `DirAuthority x 127.0.0.1:1 ${'F'.repeat(40)}`, ''].join('\n'));
        execFileSync('tor', ['-f', path.join(folder, 'torrc'), '--list-fingerprint', '--quiet'],
            {stdio: 'ignore'});
        const [, fingerprint] =
            /^\S+ (\w+)$/m.exec(readFileSync(path.join(folder, 'fingerprint'), 'utf8'));
        const line = `DirAuthority ${name} orport=${orPort} no-v2 v3ident=${identity} ` +
            `127.0.0.1:${dirPort} ${fingerprint}`;
        return {name, ports, line};
    }

    #run(name, lines) {
        const folder = path.join(this.folder, name);
        writeFileSync(path.join(folder, 'torrc'), [...common(folder), ...lines, ''].join('\n'));
        const child = spawn('tor', ['-f', path.join(folder, 'torrc'), '--quiet'], {stdio: 'ignore'});
        child.gone = new Promise((resolve) => { child.on('exit', resolve); });
        this.#processes.set(name, child);
    }

    // These, or all.
    async stop(pattern = /./) {
        for (const [name, child] of this.#processes) {
            if (!pattern.test(name)) continue;
            child.kill('SIGKILL');
            await child.gone;
            this.#processes.delete(name);
        }
    }
}
