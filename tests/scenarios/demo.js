// The demonstration: the product's own programs, started as a user starts them, driven by the nacre
// command, with Signal's test server as the other side. scripts/demo runs it.

import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import {Cli} from './support/cli.js';
import {Daemon} from './support/daemon.js';
import {Mock} from './support/mock.js';
import {until, within} from './support/wait.js';

const kPassphrase = 'a passphrase of the demonstration';
let steps = 0;

// Says what is done, then how it went; shows that it is still at it if it takes long.
async function step(what, action) {
    steps += 1;
    process.stdout.write(`${String(steps).padStart(2)}. ${what} …\n`);
    const start = Date.now();
    const ticking = setInterval(() => {
        process.stdout.write(`      … ${Math.round((Date.now() - start) / 1000)} s\n`);
    }, 2000);
    try {
        const result = await action();
        const seconds = ((Date.now() - start) / 1000).toFixed(1);
        for (const line of String(result).split('\n')) process.stdout.write(`      ${line}\n`);
        process.stdout.write(`      done, ${seconds} s\n`);
    } catch (error) {
        process.stdout.write(`      FAILED: ${error.message}\n`);
        throw error;
    } finally {
        clearInterval(ticking);
    }
}

// A daemon and a command that find each other by the XDG folders alone, as on a user's machine.
function install(folder, mock) {
    const daemon = new Daemon(folder, '', 'bin');
    const environment = daemon.environment;
    for (const name of ['XDG_STATE_HOME', 'XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME']) {
        mkdirSync(environment[name], {recursive: true, mode: 0o700});
    }
    const configFolder = path.join(environment.XDG_CONFIG_HOME, 'nacre');
    mkdirSync(configFolder, {recursive: true});
    daemon.config = path.join(configFolder, 'default.toml');
    daemon.state = path.join(environment.XDG_STATE_HOME, 'nacre/default');
    daemon.runtime = path.join(environment.XDG_RUNTIME_DIR, 'nacre/default');
    daemon.useXdg = true;
    writeFileSync(daemon.config, mock.environment());
    return {daemon, cli: new Cli(environment, 'bin')};
}

async function demonstrate(folder) {
    let mock;
    let daemon;
    let cli;
    let bob;
    let me;
    let device;
    const status = async () => (await cli.json(['status']))[0];
    const received = (text) => until(`"${text}" in the vault`, async () => {
        const messages = await cli.json(['messages', 'Bob']);
        return messages.some((message) => message.text === text);
    });
    try {
        await step('Signal\'s test server starts on loopback, with a phone and its contacts', async () => {
            mock = await Mock.boot(folder);
            bob = await mock.primary('Bob');
            const carol = await mock.primary('Carol');
            me = await mock.primary('Me', {contacts: [bob, carol]});
            return `it listens on ${mock.url}; the phone knows Bob and Carol`;
        });
        await step('nacred starts; there is no vault yet', async () => {
            ({daemon, cli} = install(folder, mock));
            daemon.spawn();
            await until('nacred serving', async () => (await cli.run(['status'])).code === 0);
            return cli.text(['status']);
        });
        await step('nacre init: the vault is made', async () =>
            cli.text(['init'], {passphrase: kPassphrase}));
        await step('nacre link: the phone scans the QR code', async () => {
            let complete;
            const linking = cli.start(['link'], {
                onLine: (line) => {
                    process.stdout.write(`      ${line}\n`);
                    const [uri] = /sgnl:\/\/linkdevice\?\S+/.exec(line) ?? [];
                    if (uri === undefined || complete !== undefined) return;
                    complete = mock.server.waitForProvision().then((pending) =>
                        pending.complete({provisionURL: uri, primaryDevice: me}));
                    complete.catch(() => undefined);
                },
            });
            const result = await within('linked', linking.done, 60_000);
            assert.equal(result.code, 0, result.stderr);
            device = await within('keys uploaded', complete);
            await within('synced', me.waitForSync(device));
            await mock.introduce(bob, device);
            return `the phone has scanned it: device ${device.deviceId} of ${me.device.number}`;
        });
        await step('The contacts arrive from the phone', async () => {
            await until('contacts', async () => {
                const names = (await cli.json(['recipients'])).map((one) => one.name);
                return names.includes('Bob') && names.includes('Carol');
            });
            return cli.text(['recipients']);
        });
        await step('Bob writes three messages; they are received and stored', async () => {
            let timestamp = Date.now();
            for (const text of ['Hello!', 'Shall we meet at the café on Friday?', 'Around seven?']) {
                timestamp += 1;
                await bob.sendText(device, text, {timestamp, sealed: true});
            }
            await received('Around seven?');
            return 'three sealed messages, decrypted, in the vault';
        });
        await step('nacre conversations', async () => cli.text(['conversations']));
        await step('nacre messages Bob', async () => cli.text(['messages', 'Bob']));
        await step('nacre search "cafe": found without the accent', async () => {
            const hits = await cli.json(['search', 'cafe']);
            assert.equal(hits.length, 1);
            return cli.text(['search', 'cafe']);
        });
        await step('nacre send Bob: the answer reaches his phone, and a copy the own phone', async () => {
            await cli.text(['send', 'Bob', 'Seven is fine.']);
            const message = await within('at Bob\'s', bob.waitForMessage());
            assert.equal(message.body, 'Seven is fine.');
            const {syncMessage} = await within('transcript', me.waitForSyncMessage(
                (entry) => entry.syncMessage.content?.sent != null));
            assert.equal(syncMessage.content.sent.message.body, 'Seven is fine.');
            return `Bob reads: ${message.body}`;
        });
        await step('nacre lock', async () => {
            await cli.text(['lock']);
            await until('locked', async () => (await status()).vault === 'locked');
            const refused = await cli.run(['messages', 'Bob']);
            assert.equal(refused.code, 7, 'locked: exit code 7');
            return `reading is refused: ${refused.stderr.trim()}`;
        });
        await step('While it is locked Bob writes again; the envelope waits, sealed', async () => {
            await bob.sendText(device, 'See you then!', {timestamp: Date.now(), sealed: true});
            await until('one waits', async () => (await status()).waitingEnvelopes >= 1);
            return cli.text(['status']);
        });
        await step('nacre unlock: the message is there', async () => {
            await cli.text(['unlock'], {passphrase: kPassphrase});
            await received('See you then!');
            return cli.text(['messages', 'Bob']);
        });
        await step('nacred stops', async () => {
            const {code, signal} = await daemon.stop();
            assert.equal(code, 0, `nacred ended with ${signal ?? code}`);
            return 'orderly';
        });
    } finally {
        if (daemon?.process) await daemon.stop().catch(() => undefined);
        daemon?.api.close();
        await mock?.stop();
    }
    return daemon;
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'nacre-demo-'));
try {
    await demonstrate(folder);
    console.log(`All ${steps} steps succeeded.`);
    rmSync(folder, {recursive: true, force: true});
    process.exit(0);
} catch (error) {
    console.log(`Step ${steps} failed; what the daemons logged is in ${folder}/nacre.log`);
    console.error(error.stack);
    process.exit(1);
}
