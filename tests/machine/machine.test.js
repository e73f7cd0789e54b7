// Goal: in a whole machine's memory, an orderly lock leaves nothing that the vault held.
//
// The texts, the contacts' names and the account's keys enter the guest encrypted, from the test
// server on the host; in the guest only nacre and its command ever have them in the clear.

import assert from 'node:assert/strict';
import {readFileSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';

import {ServiceIdKind, scenario} from '../scenarios/support/world.js';
import {until, within} from '../scenarios/support/wait.js';
import {canaries, canary} from '../memory/canaries.js';
import {Scanner, vaultKeys} from '../memory/scanner.js';
import {Guest} from './guest.js';

const kTexts = 60;
const kNames = 10;
const kWriters = 3;

async function begin(world, guest, names, passphrase) {
    await world.boot({contacts: Object.values(names)});
    guest.port = world.mock.port;
    await guest.boot(world.kernelArguments);
    const hostCa = path.join(world.folder, 'ca.pem');
    const config = world.config();
    await guest.write('/guest/ca.pem', readFileSync(hostCa));
    await guest.write('/guest/nacre.toml', config.replaceAll(hostCa, '/guest/ca.pem'));
    await guest.tell('daemon');
    await until('nacre serves', async () => (await guest.json('status')).vault === 'none', 300_000);
    const made = await guest.tell('secret init', {secret: passphrase});
    assert.equal(made.status, 0, guest.console);
}

async function link(world, guest) {
    let complete;
    const pending = world.mock.server.waitForProvision();
    const linking = await guest.tell('show /nacre/nacre --json link --name machine', {
        onLine: (line) => {
            const {uri} = JSON.parse(line);
            if (uri) complete ??= pending.then((code) => code.complete({provisionURL: uri, primaryDevice: world.me}));
        },
    });
    assert.equal(linking.status, 0, guest.console);
    world.device = await within('keys uploaded', complete, 300_000);
    await within('synced', world.me.waitForSync(world.device), 300_000);
    for (const phone of world.friends.slice(0, kWriters)) await world.mock.introduce(phone, world.device);
}

async function plant(world, guest, texts) {
    let timestamp = Date.now();
    for (const [n, text] of texts.entries()) {
        timestamp += 1;
        world.mock.server.send(world.device, await world.friends[n % kWriters].encryptText(
            world.device, text, {timestamp, sealed: n % 2 === 0}));
    }
    await until('all in the vault', async () => {
        const status = await guest.json('status');
        return status.messages >= texts.length && status.waitingEnvelopes === 0;
    }, 300_000);
    for (const {device} of world.friends.slice(0, kWriters)) {
        const listed = await guest.tell(`run /nacre/nacre messages ${device.aci} --all`);
        assert.equal(listed.status, 0, guest.console);
    }
    await guest.tell('run /nacre/nacre recipients --all');
    for (const text of texts.slice(0, 5)) {
        await guest.tell(`run /nacre/nacre search ${text.slice(0, 10)}`); // too short to be found again
    }
}

async function secretsOf(world, guest, texts, passphrase) {
    const {lines: [header]} = await guest.tell(
        'show base64 -w0 /guest/.local/state/nacre/default/vault/vault.header; echo >&3');
    const file = path.join(world.folder, 'vault.header');
    writeFileSync(file, Buffer.from(header, 'base64'));
    const identity = async (kind) =>
        Buffer.from((await world.me.identity.get(kind).getIdentityKey()).serialize());
    return {
        texts: {...texts, passphrase},
        keys: {
            ...await vaultKeys(file, passphrase),
            aci_identity: await identity(ServiceIdKind.ACI),
            pni_identity: await identity(ServiceIdKind.PNI),
            profile_key: Buffer.from(world.me.profileKey.serialize()),
            master_key: Buffer.from(world.me.masterKey),
        },
    };
}

// {'text, UTF-8 in free pages': 3, …}, and the pages that hold them.
async function look(guest, scanner, name) {
    const {file, owner} = await guest.dump(name);
    const report = await scanner.file(file);
    rmSync(file);
    const counts = {};
    for (const hit of report.hits) {
        const key = `${hit.what.replace(/ \d+,/, ',')} in ${owner(Number(hit.offset))}`;
        counts[key] = (counts[key] ?? 0) + 1;
    }
    return {counts, names: report.names()};
}

function machine(title, kernelArguments, judge) {
    scenario(title, async (world) => {
        const names = canaries('name', kNames);
        const texts = canaries('text', kTexts);
        const passphrase = canary();
        const guest = new Guest(world.folder);
        world.nacre = {get log() { return guest.console; }, stop: async () => guest.close()};
        world.kernelArguments = kernelArguments;
        await begin(world, guest, names, passphrase);
        await link(world, guest);
        await plant(world, guest, Object.values(texts));
        const scanner = new Scanner(await secretsOf(world, guest, {...names, ...texts}, passphrase));
        world.onClose(() => scanner.close());
        const open = await look(guest, scanner, 'open.raw');
        console.log(`machine: ${kernelArguments}: unlocked`, open.counts);
        assert.ok([...open.names].filter((one) => one.startsWith('text')).length >= kTexts / 2);
        assert.equal((await guest.tell('run /nacre/nacre lock')).status, 0);
        await until('locked', async () => (await guest.json('status')).vault === 'locked', 300_000);
        const locked = await look(guest, scanner, 'locked.raw');
        console.log(`machine: ${kernelArguments}: locked`, locked.counts);
        judge(locked);
    }, {timeout: 1_500_000});
}

// The passphrase was typed on a serial line: the kernel's own buffer of that, one, is not nacre's to
// wipe. A second hit, or one that is not the kernel's, is.
function ofNacre({counts}) {
    const typed = Object.entries(counts).filter(([key]) =>
        /^passphrase,.* in (slab|the kernel, else)$/.test(key));
    const known = typed.length === 1 && typed[0][1] === 1 ? typed[0][0] : undefined;
    return Object.keys(counts).filter((key) => key !== known);
}

machine('Locked, a machine that clears pages as they are freed keeps nothing', 'init_on_free=1',
    (locked) => assert.deepEqual(ofNacre(locked), []));
machine('Locked, a machine as Debian ships it keeps nothing in processes and files', 'init_on_free=0',
    (locked) => assert.deepEqual(ofNacre(locked).filter((key) =>
        !/^(text|name)/.test(key) || / in (processes|page cache|mapped files)$/.test(key)), []));
