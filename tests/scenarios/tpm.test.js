// Goal: a vault opens by what the machine's TPM keeps, alone or with a passphrase, as long as the
// machine booted the same; and where it does not, the command says why and what to do. Against a TPM
// in software.

import assert from 'node:assert/strict';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';

import {Cli} from './support/cli.js';
import {SoftwareTpm} from './support/tpm.js';
import {kPassphrase, scenario} from './support/world.js';

const kExit = {ok: 0, user: 1, unexpected: 2, io: 3, rate: 5};
const kSecond = 'seven pearls under the harbour light';

// A vault made by the command, open, and a TPM. `tpm` holds the options that name it.
async function vaultAndTpm(world) {
    await world.boot({contacts: []});
    await world.startDaemon();
    const device = await new SoftwareTpm(path.join(world.folder, 'device')).start();
    world.onClose(() => device.stop());
    const cli = new Cli(world.nacre.environment);
    const places = ['--socket', world.api.socket, '--token-file', `${world.folder}/cli.token`];
    const nacre = {
        run: (args, options) => cli.run([...places, ...args], options),
        json: (args, options) => cli.json([...places, ...args], options),
    };
    await nacre.json(['init'], {passphrase: kPassphrase});
    return {nacre, device, tpm: ['--tpm-address', device.address], file: `${world.folder}/cli.tpm`};
}

async function fails(promise, code, pattern) {
    const result = await promise;
    assert.equal(result.code, code, `${result.stdout}\n${result.stderr}`);
    assert.match(result.stderr, pattern);
}

async function relock(world, nacre) {
    assert.equal((await nacre.run(['lock'])).code, kExit.ok);
    await world.api.serving('LOCKED');
}

const opened = async (nacre) => (await nacre.json(['slot', 'list'])).find((slot) => slot.opened).type;
const lines = (...secrets) => secrets.join('\n');

scenario('TPM: a slot opens the vault while the boot state is the same, and is renewed when not', async (world) => {
    const {nacre, device, tpm, file} = await vaultAndTpm(world);
    device.extend(7);
    const [added] = await nacre.json(['slot', 'add', '--tpm', '--pcrs', '4,7', '--label', 'board', ...tpm],
        {passphrase: kPassphrase});
    assert.equal(added.type, 'TPM');
    await fails(nacre.run(['slot', 'add', '--tpm', ...tpm], {passphrase: kPassphrase}), kExit.user, /already/);
    await relock(world, nacre);
    await nacre.json(['unlock', '--tpm', ...tpm]);
    assert.equal(await opened(nacre), 'TPM');
    assert.equal((await nacre.json(['slot', 'test', '--with-tpm', ...tpm]))[0].label, 'board');

    // Another boot loader; then that of before.
    await relock(world, nacre);
    device.extend(4);
    await fails(nacre.run(['unlock', '--tpm', ...tpm]), kExit.user,
        /boot state changed.*\(4, 7\).*another slot.*slot rotate/s);
    await device.restart();
    device.extend(7);
    await nacre.json(['unlock', '--tpm', ...tpm]);

    device.extend(4);
    const before = readFileSync(file);
    await nacre.json(['slot', 'rotate', 'board', ...tpm], {passphrase: kPassphrase});
    assert.ok(!readFileSync(file).equals(before));
    await relock(world, nacre);
    await nacre.json(['unlock', '--tpm', ...tpm]);
    writeFileSync(file, before);
    await fails(nacre.run(['slot', 'test', '--with-tpm', ...tpm]), kExit.user, /boot state changed/);
});

scenario('TPM: with a passphrase both are needed, and the TPM counts wrong ones', async (world) => {
    const {nacre, device, tpm} = await vaultAndTpm(world);
    device.run('tpm2_dictionarylockout', '--setup-parameters', '--max-tries=2', '--recovery-time=1000',
        '--lockout-recovery-time=1000');
    const note = await nacre.run(['slot', 'add', '--tpm', '--with-passphrase', ...tpm],
        {passphrase: lines(kPassphrase, kSecond)});
    assert.equal(note.code, kExit.ok, note.stderr);
    assert.match(note.stderr, /Nothing has been measured.*registers 7/);
    await relock(world, nacre);
    await fails(nacre.run(['unlock'], {passphrase: kSecond}), kExit.user, /wrong/);
    await nacre.json(['unlock', '--tpm', ...tpm], {passphrase: kSecond});
    assert.equal(await opened(nacre), 'TPM');
    await relock(world, nacre);
    for (let n = 0; n < 2; n += 1) {
        await fails(nacre.run(['unlock', '--tpm', ...tpm], {passphrase: kPassphrase}), kExit.user,
            /passphrase is wrong, and the TPM counts it/);
    }
    await fails(nacre.run(['unlock', '--tpm', ...tpm], {passphrase: kSecond}), kExit.rate, /TPM is locked/);
    // The vault does not count what it was not asked.
    assert.equal((await world.api.status()).wait_seconds, 0);
    await nacre.json(['unlock'], {passphrase: kPassphrase});
    device.run('tpm2_dictionarylockout', '--clear-lockout');
    assert.equal((await nacre.json(['slot', 'test', '--with-tpm', ...tpm], {passphrase: kSecond}))[0].type, 'TPM');
    // All costs anew, with the secret of each slot.
    const slots = await nacre.json(['slot', 'list']);
    await nacre.json(['slot', 'calibrate', '--target-ms', '60', ...tpm],
        {passphrase: lines(...slots.map((slot) => (slot.type === 'TPM' ? kSecond : kPassphrase)))});
    await relock(world, nacre);
    await nacre.json(['unlock', '--tpm', ...tpm], {passphrase: kSecond});
}, {timeout: 240_000}); // the product's Argon2id, nine times

scenario('TPM: each thing that can be wrong is said', async (world) => {
    const {nacre, device, tpm, file} = await vaultAndTpm(world);
    const none = ['--tpm-address', `swtpm:path=${world.folder}/none`];
    await fails(nacre.run(['slot', 'add', '--tpm', ...none], {passphrase: kPassphrase}), kExit.io, /no TPM at/);
    await fails(nacre.run(['slot', 'add', '--tpm', '--tpm-address', `device:${world.folder}/none`],
        {passphrase: kPassphrase}), kExit.io, /no TPM at/);
    await fails(nacre.run(['slot', 'add', '--tpm', '--pcrs', '16', ...tpm], {passphrase: kPassphrase}),
        kExit.user, /--pcrs/);
    await fails(nacre.run(['slot', 'add', '--pcrs', '7'], {passphrase: kPassphrase}), kExit.user, /--tpm/);
    await fails(nacre.run(['slot', 'test', '--with-tpm', ...tpm]), kExit.user, /keeps no TPM slot/);
    assert.ok(!existsSync(file));
    const [{number}] = await nacre.json(['slot', 'add', '--tpm', ...tpm], {passphrase: kPassphrase});

    const whole = readFileSync(file);
    const damaged = Buffer.from(whole);
    damaged[200] ^= 1;
    writeFileSync(file, damaged);
    await fails(nacre.run(['slot', 'test', '--with-tpm', ...tpm]), kExit.unexpected, /is damaged.*another slot/s);
    writeFileSync(file, whole);
    const other = await new SoftwareTpm(path.join(world.folder, 'other')).start();
    world.onClose(() => other.stop());
    await fails(nacre.run(['slot', 'test', '--with-tpm', '--tpm-address', other.address]), kExit.user,
        /another TPM, or this one was cleared/);

    // A command that ended between the vault's yes and its own file's renaming.
    await nacre.json(['slot', 'rotate', `${number}`, ...tpm], {passphrase: kPassphrase});
    const rotated = readFileSync(file);
    writeFileSync(file, whole);
    writeFileSync(`${file}.new`, rotated);
    await relock(world, nacre);
    await nacre.json(['unlock', '--tpm', ...tpm]);
    assert.ok(readFileSync(file).equals(rotated));
    assert.ok(!existsSync(`${file}.new`));

    await nacre.json(['slot', 'remove', `${number}`, '--with-tpm', ...tpm]);
    assert.ok(!existsSync(file));
    writeFileSync(file, rotated);
    await relock(world, nacre);
    await fails(nacre.run(['unlock', '--tpm', ...tpm]), kExit.user, /no slot opens with it/);
    await nacre.json(['unlock'], {passphrase: kPassphrase});
    assert.deepEqual((await nacre.json(['slot', 'list'])).map((slot) => slot.type), ['passphrase']);
});
