// Goal: whoever has a secret of a slot gets in, whoever has none does not, and what is removed or
// destroyed is gone: seen through the command, against the real programs.

import assert from 'node:assert/strict';
import {existsSync, mkdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';

import {Code} from './support/api.js';
import {Cli} from './support/cli.js';
import {kPassphrase, linkedWorld, scenario} from './support/world.js';
import {until} from './support/wait.js';

const kExit = {ok: 0, user: 1, io: 3, rate: 5};
const kSecond = 'seven pearls under the harbour light';

function command(world) {
    const cli = new Cli(world.nacre.environment);
    const places = ['--socket', world.api.socket, '--token-file', `${world.folder}/cli.token`];
    return {
        run: (args, options) => cli.run([...places, ...args], options),
        json: (args, options) => cli.json([...places, ...args], options),
    };
}

// A vault made by the command, open.
async function vaultOnly(world, options = {}) {
    await world.boot({contacts: []});
    await world.startDaemon(options);
    const nacre = command(world);
    await nacre.json(['init'], {passphrase: kPassphrase});
    return nacre;
}

async function fails(promise, code, pattern) {
    const result = await promise;
    assert.equal(result.code, code, `${result.stdout}\n${result.stderr}`);
    assert.match(result.stderr, pattern);
    return result;
}

async function relock(world, nacre) {
    assert.equal((await nacre.run(['lock'])).code, kExit.ok);
    await world.api.serving('LOCKED');
}

const lines = (...secrets) => secrets.join('\n');

scenario('Slots: a recovery key and a key file open the vault that a passphrase made', async (world) => {
    const nacre = await vaultOnly(world);
    const [{recoveryKey}, paper] = await nacre.json(['slot', 'add', '--recovery-key', '--label', 'paper'],
        {passphrase: kPassphrase});
    assert.match(recoveryKey, /^([0-9A-Z]{4}-){8}[0-9A-Z]{4}$/);
    assert.equal(paper.type, 'recovery key');
    const file = path.join(world.folder, 'key');
    await nacre.json(['slot', 'add', '--key-file', file, '--make'], {passphrase: kPassphrase});
    const listed = await nacre.json(['slot', 'list']);
    assert.deepEqual(listed.map((slot) => slot.type).sort(), ['key file', 'passphrase', 'recovery key']);
    assert.equal(listed.filter((slot) => slot.opened).length, 1);

    await relock(world, nacre);
    const typed = recoveryKey.toLowerCase().replaceAll('-', ' ');
    const slip = `${recoveryKey.slice(0, -1)}${recoveryKey.endsWith('Z') ? 'Y' : 'Z'}`;
    await fails(nacre.run(['unlock', '--recovery-key'], {passphrase: slip}), kExit.user, /not asked/);
    await nacre.json(['unlock', '--recovery-key'], {passphrase: typed});
    assert.equal((await nacre.json(['slot', 'list'])).find((slot) => slot.opened).label, 'paper');

    await relock(world, nacre);
    await nacre.json(['unlock', '--key-file', file]);
    const [tested] = await nacre.json(['slot', 'test'], {passphrase: kPassphrase});
    assert.equal(tested.type, 'passphrase');
    await nacre.json(['slot', 'remove', 'paper', '--with-key-file', file]);
    await relock(world, nacre);
    await fails(nacre.run(['unlock', '--recovery-key'], {passphrase: typed}), kExit.user, /passphrase/i);
    await nacre.json(['unlock'], {passphrase: kPassphrase});
});

scenario('Slots: a passphrase is changed, the last slot stays, hopeless ones are refused', async (world) => {
    const nacre = await vaultOnly(world);
    await fails(nacre.run(['slot', 'remove', (await nacre.json(['slot', 'list']))[0].number.toString()],
        {passphrase: kPassphrase}), kExit.user, /last slot/);
    await fails(nacre.run(['passphrase', 'change'], {passphrase: lines(kPassphrase, 'password')}),
        kExit.user, /guessed in minutes/);
    await fails(nacre.run(['passphrase', 'change'], {passphrase: lines('not it', kSecond)}),
        kExit.user, /nothing was changed/);
    await nacre.json(['passphrase', 'change'], {passphrase: lines(kPassphrase, kSecond)});
    await nacre.json(['slot', 'calibrate', '--target-ms', '60'], {passphrase: kSecond});
    await relock(world, nacre);
    await fails(nacre.run(['unlock'], {passphrase: kPassphrase}), kExit.user, /wrong/);
    await nacre.json(['unlock'], {passphrase: kSecond});
    const [weak] = (await nacre.run(['--json', 'passphrase', 'check'], {passphrase: 'password'}))
        .stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
    assert.equal(weak.verdict, 'hopeless');
    const [good] = await nacre.json(['passphrase', 'check'], {passphrase: kSecond});
    assert.equal(good.verdict, 'strong');
});

scenario('Slots: waits grow with wrong passphrases and outlive restarts', async (world) => {
    const nacre = await vaultOnly(world);
    await relock(world, nacre);
    const wrong = async () => {
        await until('the wait is over', async () => (await world.api.status()).wait_seconds === 0);
        await fails(nacre.run(['unlock'], {passphrase: 'wrong'}), kExit.user, /wrong/);
    };
    for (let n = 0; n < 3; n += 1) await wrong();
    assert.equal((await world.api.status()).wait_seconds, 0);
    for (let n = 0; n < 4; n += 1) await wrong();
    await until('the wait is over', async () => (await world.api.status()).wait_seconds === 0);
    // Long enough for what follows, also on a busy machine.
    const tried = Date.now();
    await wrong();
    const before = (await world.api.status()).wait_seconds;
    assert.ok(before > 0 && before <= 32, `${before} seconds`);
    await fails(nacre.run(['unlock'], {passphrase: kPassphrase}), kExit.rate, /possible in \d+ seconds/);
    await assert.rejects(world.api.unlock(kPassphrase), (error) => error.reason === 'RATE_LIMITED');
    for (const end of ['killAll', 'stop']) {
        await world.nacre[end]();
        await world.nacre.start({state: 'LOCKED'});
        const after = (await world.api.status()).wait_seconds;
        const least = 32 - Math.ceil((Date.now() - tried) / 1000);
        assert.ok(after >= least && after <= 32, `${after} seconds after ${end}, at least ${least}`);
    }
    await until('the wait is over', async () => (await world.api.status()).wait_seconds === 0, 60_000);
    await nacre.json(['unlock'], {passphrase: kPassphrase});
    assert.equal((await world.api.status()).wait_seconds, 0);
}, {timeout: 180_000});

scenario('Slots: a credential opens the vault at start, but not after it was locked', async (world) => {
    const nacre = await vaultOnly(world);
    const credentials = path.join(world.folder, 'credentials');
    mkdirSync(credentials, {mode: 0o700});
    await nacre.json(['slot', 'add', '--credential', path.join(credentials, 'nacre.unlock')],
        {passphrase: kPassphrase});
    const env = {CREDENTIALS_DIRECTORY: credentials};
    await world.nacre.stop();
    await world.nacre.start({env, state: 'UNLOCKED'});
    const opened = (await nacre.json(['slot', 'list'])).find((slot) => slot.opened);
    assert.equal(opened.type, 'credential');
    // A crash comes back open, a lock stays one.
    await world.nacre.kill('nacre-vaultd');
    await world.api.serving('UNLOCKED');
    await relock(world, nacre);
    await world.nacre.stop();
    await world.nacre.start({env, state: 'LOCKED'});
    await nacre.json(['unlock'], {passphrase: kPassphrase});
    await world.nacre.stop();
    await world.nacre.start({env, state: 'UNLOCKED'});
    await world.nacre.stop();
    writeFileSync(path.join(credentials, 'nacre.unlock'), 'something else');
    const waits = world.nacre.files('vault').find((name) => path.basename(name) === 'waits');
    const before = readFileSync(waits);
    await world.nacre.start({env, state: 'LOCKED'});
    await until('the credential is refused', () => /credential does not open the vault/.test(world.nacre.log));
    assert.ok(readFileSync(waits).equals(before), 'a credential counts as an attempt');
    await nacre.json(['unlock'], {passphrase: kPassphrase});
});

// What the vault left with the courier: uploads of pre-keys, and which unlock is the newest.
const left = (world) => world.nacre.files('courier').filter((name) => /\/keys\/[ap]-\d+$/.test(name));
const epochOf = (world) => {
    const file = world.nacre.files('courier').find((name) => path.basename(name) === 'epoch');
    return readFileSync(file).readBigUInt64LE(8);
};

scenario('Duress: the command goes on, also with a token that is newer than the slot', async (world) => {
    const nacre = await vaultOnly(world);
    const duress = 'nine herons over the wet meadow';
    await nacre.json(['slot', 'add', '--duress'], {passphrase: lines(kPassphrase, duress)});
    await relock(world, nacre);
    await nacre.json(['unlock', '--new-token'], {passphrase: kPassphrase});
    assert.equal((await nacre.json(['slot', 'list'])).length, 2);
    await relock(world, nacre);
    await nacre.json(['unlock'], {passphrase: duress});
    assert.equal((await nacre.json(['slot', 'list'])).length, 1);
});

scenario('Duress: the vault is gone, and what opens is empty and goes on', async (world) => {
    await linkedWorld(world);
    const duress = 'nine herons over the wet meadow';
    writeFileSync(`${world.folder}/cli.token`, world.api.token, {mode: 0o600});
    const nacre = command(world);
    await nacre.json(['slot', 'add', '--recovery-key'], {passphrase: kPassphrase});
    await nacre.json(['slot', 'add', '--duress'], {passphrase: lines(kPassphrase, duress)});
    // Testing it while the vault is open shows what it is, and does nothing.
    assert.equal((await nacre.json(['slot', 'test'], {passphrase: duress}))[0].type, 'duress passphrase');
    await world.bob.sendText(world.device, 'a secret in the vault', {timestamp: Date.now()});
    await world.arrived('a secret in the vault');
    await world.settled();
    await until('keys are left with the courier', () => left(world).length > 0);
    await world.api.lock();
    await world.bob.sendText(world.device, 'a secret in the spool', {timestamp: Date.now()});
    const epoch = epochOf(world);
    const folder = world.nacre.files('vault').find((name) => name.endsWith('vault.header'));
    const header = readFileSync(folder);
    const database = path.join(path.dirname(folder), 'vault.db');
    const born = statSync(database).ino;

    world.events.close();
    world.events = undefined;
    await nacre.json(['unlock'], {passphrase: duress});
    const [status] = await nacre.json(['status']);
    assert.equal(status.vault, 'unlocked');
    assert.equal(status.account, 'notLinked');
    assert.equal(status.messages, 0);
    assert.deepEqual(await nacre.json(['conversations']), []);
    assert.deepEqual((await nacre.json(['slot', 'list'])).map((slot) => slot.type), ['passphrase']);
    await until('no connection', async () => (await world.api.status()).connection === 'CONNECTION_NONE');
    assert.deepEqual(left(world), []);
    assert.ok(epochOf(world) > epoch);
    assert.equal(epochOf(world), readFileSync(folder).readBigUInt64LE(24));
    assert.equal(statSync(database).ino, born);
    assert.ok(!existsSync(`${database}.new`));
    const now = readFileSync(folder);
    for (const copy of [0, 4096]) {
        for (let slot = 0; slot < 16; slot += 1) {
            const at = copy + 128 + slot * 128;
            assert.ok(!now.subarray(at, at + 128).equals(header.subarray(at, at + 128)));
        }
    }
    await world.api.lock();
    await assert.rejects(world.api.unlock(kPassphrase), (error) => error.code === Code.PERMISSION_DENIED);
    await nacre.json(['unlock'], {passphrase: duress});
    assert.ok(!/duress/i.test(world.nacre.log), 'the journal tells');
});
