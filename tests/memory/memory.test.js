// Goal: locked, nothing that stood in the vault stands in any process's memory or on the disk: not
// in the new processes, and not in the one that ended, at the moment of its end.
//
// 1,000 canaries go through normal use of the product's binaries, over the command and over gRPC.

import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import {Api} from '../scenarios/support/api.js';
import {Cli} from '../scenarios/support/cli.js';
import {ServiceIdKind, scenario} from '../scenarios/support/world.js';
import {until, within} from '../scenarios/support/wait.js';
import {canaries, canary} from './canaries.js';
import {Scanner, vaultKeys} from './scanner.js';

const kPrograms = ['nacred', 'nacre-courier', 'nacre-vaultd'];
const kWriters = 8; // of the contacts; each costs a session
const kLater = 20;  // texts that come while the vault is locked

if (process.getuid() !== 0) throw new Error('memory: needs root, to read what others may not');

function plan() {
    return {
        names: canaries('name', 100), received: canaries('received', 500), sent: canaries('sent', 200),
        terms: canaries('term', 196), passphrase: canary(),
    };
}

function command(world) {
    const token = path.join(world.folder, 'cli.token');
    writeFileSync(token, `${world.api.token}\n`, {mode: 0o600});
    const cli = new Cli(world.nacre.environment, 'bin');
    const places = ['--socket', world.api.socket, '--token-file', token];
    return {
        start: (args, options) => cli.start([...places, ...args], options),
        run: (args, options) => cli.run([...places, ...args], options),
        json: (args, options) => cli.json([...places, ...args], options),
        text: (args, options) => cli.text([...places, ...args], options),
    };
}

// One call after the other, `lanes` at a time.
async function inLanes(items, lanes, work) {
    const waiting = items.map((item, n) => [item, n]);
    await Promise.all(Array.from({length: lanes}, async () => {
        for (let next = waiting.shift(); next; next = waiting.shift()) await work(...next);
    }));
}

async function linked(world, texts) {
    await world.boot({contacts: Object.values(texts.names)});
    await world.startDaemon({bin: 'bin'});
    await world.createVault(texts.passphrase);
    const everybody = world.friends;
    world.friends = everybody.slice(0, kWriters); // the others never write
    await world.link();
    world.friends = everybody;
    await world.contactsArrived();
    await world.api.connected();
}

async function receive(world, texts, alreadySent = 0) {
    let timestamp = Date.now();
    for (const [n, text] of texts.entries()) {
        timestamp += 1;
        const friend = world.friends[(alreadySent + n) % kWriters];
        world.mock.server.send(world.device, await friend.encryptText(world.device, text,
            {timestamp, sealed: n % 2 === 0}));
    }
}

// Every other one by the command, the rest by gRPC.
async function send(world, nacre, texts) {
    const conversations = [];
    for (let n = 0; n < kWriters; n += 1) {
        conversations.push(await world.conversationWith(world.friends[n]));
    }
    await inLanes(texts, 4, async (text, n) => {
        if (n % 2 === 0) await world.api.send(conversations[n % kWriters].id, text);
        else await nacre.json(['send', conversations[n % kWriters].title, '-'], {input: text});
    });
    return conversations;
}

async function search(world, nacre, terms) {
    await inLanes(terms, 4, async (term, n) => {
        const hits = n % 2 === 0 ? await world.api.search(term) : await nacre.json(['search', term]);
        assert.equal(hits.length, 0);
    });
}

async function find(world, nacre, texts) {
    await inLanes(texts, 4, async (text, n) => {
        const hits = n % 2 === 0 ? await world.api.search(text) : await nacre.json(['search', text]);
        assert.equal(hits.length, 1);
    });
}

async function list(world, nacre, conversations) {
    assert.equal((await world.api.recipients()).filter((one) => one.name.length === 28).length, 100);
    await nacre.text(['conversations', '--all']);
    await nacre.json(['recipients', '--all']);
    for (const {id, title} of conversations) {
        assert.ok((await world.api.messages(id)).length > 0);
        await nacre.text(['messages', title, '--all']);
    }
}

async function secretKeys(world, passphrase) {
    const identity = async (kind) =>
        Buffer.from((await world.me.identity.get(kind).getIdentityKey()).serialize());
    return {
        ...await vaultKeys(path.join(world.nacre.state, 'vault/vault.header'), passphrase),
        aci_identity: await identity(ServiceIdKind.ACI),
        pni_identity: await identity(ServiceIdKind.PNI),
        profile_key: Buffer.from(world.me.profileKey.serialize()),
        master_key: Buffer.from(world.me.masterKey),
    };
}

async function pids(world) {
    return Promise.all(kPrograms.map((name) => world.nacre.pid(name)));
}

function assertNothing(report, where) {
    assert.ok(report.bytes > 0);
    const found = report.summary();
    if (found) console.log(`memory: found ${where}:\n${found}`);
    assert.equal(report.hits.length, 0, `found ${where}`);
}

// Whoever is not vaultd never had anything; vaultd has texts, and its own keys where none can read.
async function scanUnlocked(world, scanner, nacre) {
    const watch = nacre.start(['--json', 'watch', '--text', '--after', '0']);
    world.onClose(() => watch.child.kill('SIGKILL'));
    await until('watching', () => watch.output().split('\n').length > 100);
    const [nacred, courier, vaultd] = await pids(world);
    assertNothing(await scanner.processes([nacred, courier]), 'outside of vaultd, unlocked');
    const inVaultd = await scanner.processes([vaultd]);
    const names = [...inVaultd.names()];
    const texts = names.filter((name) => name.startsWith('received') || name.startsWith('sent'));
    console.log(`memory: unlocked, vaultd has ${texts.length} of the texts`);
    assert.ok(texts.length >= 100, `the scanner finds ${texts.length} texts in an open vault`);
    const inClient = [...(await scanner.processes([watch.child.pid])).names()];
    for (const secret of ['passphrase', 'vault_key', 'wrapping_key', 'header_key', 'backups_key']) {
        const found = inVaultd.hits.filter((hit) => hit.what.startsWith(`${secret},`));
        assert.deepEqual(found, [], `${secret} can be read in vaultd`);
        assert.ok(!inClient.includes(secret), `${secret} can be read in a client`);
    }
    return watch;
}

// Locks by `how`, and looks at the vaultd that ends, at those that run then, and at the disk.
async function lockAndScan(world, scanner, secrets, since, how) {
    const [nacred, courier, vaultd] = await pids(world);
    const tracer = new Scanner(secrets);
    world.onClose(() => tracer.close());
    const ending = await tracer.atExit(vaultd);
    await how();
    const atEnd = await within('the end of vaultd', ending.done, 60_000);
    assert.match(atEnd.scanned[0].where, /exited 0$/);
    await world.api.serving('LOCKED');
    assert.notEqual(await world.nacre.pid('nacre-vaultd'), vaultd);
    assert.deepEqual((await pids(world)).slice(0, 2), [nacred, courier]);
    const running = await scanner.processes(await pids(world));
    const disk = await scanner.folders([...new Set([world.folder, '/var/tmp', '/tmp', os.tmpdir()])], since);
    console.log(`memory: locked, looked at ${atEnd.bytes >> 20} MiB of the vaultd that ended, ` +
        `${running.bytes >> 20} MiB of running processes, ${disk.bytes >> 20} MiB of files`);
    assertNothing(running, 'in running processes, locked');
    assertNothing(disk, 'on the disk, locked');
    assertNothing(atEnd, 'in vaultd at its end');
}

// Calls of both kinds, one after the other until the first is refused. What they ask for is too
// short for the scanner: a question asked of the locked vault is not the vault's secret.
function workload(world, nacre, conversations, texts) {
    let stopped = false;
    const forever = async (work) => {
        for (let n = 0; !stopped; n += 1) await work(n).catch(() => { stopped = true; });
    };
    const all = [
        forever((n) => world.api.messages(conversations[n % kWriters].id)),
        forever((n) => world.api.search(texts[n % texts.length].slice(0, 10))),
        forever((n) => world.api.recipients(texts[n % texts.length].slice(0, 10))),
        forever((n) => nacre.run(['messages', conversations[n % kWriters].title, '--all'])),
    ];
    return () => {
        stopped = true;
        return Promise.all(all);
    };
}

// The control: a crash cannot wipe, so here the look at the end must find something.
async function crashAndScan(world, scanner, secrets, conversations) {
    for (const {id} of conversations) await world.api.messages(id);
    const vaultd = await world.nacre.pid('nacre-vaultd');
    const tracer = new Scanner(secrets);
    world.onClose(() => tracer.close());
    const ending = await tracer.atExit(vaultd);
    process.kill(vaultd, 'SIGSEGV');
    const atEnd = await within('the end of vaultd', ending.done, 60_000);
    assert.match(atEnd.scanned[0].where, /killed 11$/);
    console.log(`memory: crashed, vaultd had ${atEnd.names().size} of the canaries`);
    assert.ok(atEnd.names().size >= 100, `${atEnd.names().size} canaries in a crashed vaultd`);
    await world.api.serving('LOCKED');
    assertNothing(await scanner.processes(await pids(world)), 'after a crash');
}

scenario('1,000 canaries leave nothing behind when the vault is locked', async (world) => {
    const since = Date.now();
    const texts = plan();
    await linked(world, texts);
    const nacre = command(world);
    const received = Object.values(texts.received);
    const now = received.slice(kLater);
    await receive(world, now);
    const conversations = await send(world, nacre, Object.values(texts.sent));
    await search(world, nacre, Object.values(texts.terms));
    await until('all in the vault', async () => {
        const {messages, waiting_envelopes: waiting, outbox} = await world.api.status();
        return messages >= now.length + 200 && waiting === 0 && outbox === 0;
    }, 60_000);
    await find(world, nacre, now.slice(0, 40));
    await list(world, nacre, conversations);

    const {names, received: _, sent, terms, passphrase} = texts;
    const secrets = {
        texts: {...names, ...texts.received, ...sent, ...terms, passphrase},
        keys: await secretKeys(world, passphrase),
    };
    const main = ['vault_key', 'aci_identity', 'pni_identity'].filter((name) => secrets.keys[name]);
    assert.equal(Object.keys(secrets.texts).length + main.length, 1000);
    const scanner = new Scanner(secrets);
    world.onClose(() => scanner.close());

    const watch = await scanUnlocked(world, scanner, nacre);
    world.events.close();
    await lockAndScan(world, scanner, secrets, since, () => nacre.text(['lock']));
    await within('watch ends', watch.done);

    await receive(world, received.slice(0, kLater), now.length);
    await until('they wait', async () => (await world.api.status()).waiting_envelopes >= kLater);
    assertNothing(await scanner.processes(await pids(world)), 'after receiving while locked');
    await nacre.text(['unlock'], {passphrase});
    const stop = workload(world, nacre, conversations, now);
    await until('drained', async () => (await world.api.status()).waiting_envelopes === 0);
    try {
        await lockAndScan(world, scanner, secrets, since, () => world.api.lock());
    } finally {
        await stop();
    }
    await nacre.text(['unlock'], {passphrase});
    await crashAndScan(world, scanner, secrets, conversations);
}, {timeout: 240_000});

// gRPC reads before anybody can refuse, and keeps what it has read until the buffer is used up or the
// connection ends; which a locked vaultd sees to.
scenario('What a client asks of a locked vault is forgotten soon', async (world) => {
    await world.boot({contacts: []});
    await world.startDaemon({bin: 'bin'});
    await world.createVault();
    world.events.close();
    await world.api.lock();
    await world.api.serving('LOCKED');
    const terms = canaries('asked', 20);
    const scanner = new Scanner({texts: terms});
    world.onClose(() => scanner.close());
    const client = new Api(world.nacre.runtime);
    world.onClose(() => client.close());
    client.token = world.api.token;
    for (const term of Object.values(terms)) {
        await assert.rejects(client.search(term), (error) => error.reason === 'VAULT_LOCKED');
    }
    const kept = await scanner.processes([await world.nacre.pid('nacre-vaultd')]);
    console.log(`memory: locked, vaultd has ${kept.names().size} of 20 refused questions`);
    const gone = async () => (await scanner.processes(await pids(world))).hits.length === 0;
    await until('nothing left while the client stays', gone);
    // It goes on as if nothing had happened.
    await assert.rejects(client.search('more'), (error) => error.reason === 'VAULT_LOCKED');
    const nacre = command(world);
    for (const term of Object.values(terms)) {
        assert.equal((await nacre.run(['search', term])).code, 7);
    }
    await until('nothing left after the commands', gone);
});
