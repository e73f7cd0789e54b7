// Goal: what comes while the vault is locked is there after the unlock; what somebody did to it on
// the disk costs what they hit, and is told.

import assert from 'node:assert/strict';
import {cpSync, readdirSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';

import {Cli} from './support/cli.js';
import {newestSegment, overwrite, segments, spoolFolder} from './support/spool_files.js';
import {ServiceIdKind, kPassphrase, linkedWorld, scenario} from './support/world.js';
import {until, within} from './support/wait.js';

let clock = Date.now();

// Sends, and waits until the server has every acknowledgement.
async function deliver(world, texts) {
    for (const text of texts) {
        clock += 1;
        await within(`"${text}" acknowledged`,
            world.bob.sendText(world.device, text, {timestamp: clock, sealed: clock % 2 === 0}));
    }
}

async function waiting(world, count, timeoutMs = 30_000) {
    await until(`${count} waiting`,
        async () => (await world.api.status()).waiting_envelopes === count, timeoutMs);
}

async function locked(world) {
    await world.settled();
    await world.api.lock();
    await world.api.serving('LOCKED');
    // Locked anew, the courier still has the connection.
    await until('connected', () => world.mock.connected(world.device));
}

async function texts(world) {
    return (await world.history(world.bob)).map((message) => message.text);
}

function command(world) {
    const token = path.join(world.folder, 'cli.token');
    writeFileSync(token, world.api.token, {mode: 0o600});
    const cli = new Cli(world.nacre.environment);
    const places = ['--socket', world.api.socket, '--token-file', token];
    return {
        json: (args, options) => cli.json([...places, ...args], options),
        text: (args, options) => cli.text([...places, ...args], options),
    };
}

const without = (bytes, record) =>
    Buffer.concat([bytes.subarray(0, record.at), bytes.subarray(record.end)]);

function flipped(bytes, at) {
    const out = Buffer.from(bytes);
    out[at] ^= 0x20;
    return out;
}

// Each takes the file's bytes and its last six records, gives the bytes that are put in their place
// and which of the six are lost.
const kDamages = {
    'a flipped record': (bytes, six) => [flipped(bytes, six[2].at + 200), [2]],
    'a flipped length': (bytes, six) => [flipped(bytes, six[2].at + 1), [2]],
    'half a record cut out': (bytes, six) => [
        Buffer.concat([bytes.subarray(0, six[1].at + 90), bytes.subarray(six[1].at + 300)]), [1]],
    'a removed record': (bytes, six) => [without(bytes, six[3]), [3]],
    'two swapped records': (bytes, six) => [Buffer.concat([
        bytes.subarray(0, six[1].at), bytes.subarray(six[2].at, six[2].end),
        bytes.subarray(six[1].at, six[1].end), bytes.subarray(six[2].end)]), []],
    'the end cut off': (bytes, six) => [bytes.subarray(0, six[4].at), [4, 5]],
    'a rotten end': (bytes, six) => [flipped(bytes, six[5].end - 1), [5]],
    'the first record overwritten': (bytes, six) => [
        Buffer.from(bytes).fill(0, six[0].at, six[0].end), [0]],
};

function events(world) {
    return world.events.ofKind('SPOOL_DAMAGED').map((event) => [event.first_lost, event.last_lost]);
}

for (const stopped of [true, false]) {
    scenario(`Spool damage while ${stopped ? 'stopped' : 'locked'} costs what it hit and is told`,
        async (world) => {
            await linkedWorld(world);
            const expected = [];
            const told = [];
            for (const [name, damage] of Object.entries(kDamages)) {
                await locked(world);
                const sent = [0, 1, 2, 3, 4, 5].map((n) => `${name} ${n}`);
                await deliver(world, sent);
                await waiting(world, 6);
                if (stopped) await world.nacre.stop();
                const segment = newestSegment(world.nacre);
                const six = segment.records.slice(-6);
                assert.equal(six.length, 6, name);
                const [bytes, lost] = damage(segment.bytes, six);
                overwrite(segment, bytes);
                if (stopped) await world.nacre.start({state: 'LOCKED'});
                await waiting(world, 6);
                await world.unlock();
                await waiting(world, 0);
                await deliver(world, [`after ${name}`]);
                expected.push(...sent.filter((_, n) => !lost.includes(n)), `after ${name}`);
                await world.arrived(`after ${name}`);
                assert.deepEqual(await texts(world), expected, name);
                if (lost.length > 0) {
                    told.push([six[lost[0]].sequence, six[lost.at(-1)].sequence]);
                }
                assert.deepEqual(events(world), told, name);
            }
        }, {timeout: 240_000});
}

scenario('An older copy of the spool, or none, is missed and named', async (world) => {
    await linkedWorld(world);
    const {nacre} = world;
    const copy = path.join(world.folder, 'copy');
    const expected = [];
    const told = [];
    for (const back of [true, false]) {
        await locked(world);
        await deliver(world, ['early 1', 'early 2']);
        await waiting(world, 2);
        await nacre.stop();
        cpSync(spoolFolder(nacre), copy, {recursive: true});
        await nacre.start({state: 'LOCKED'});
        // The login died with nacred: the next unlock connects, so what comes now comes after it.
        await world.unlock();
        await world.api.connected();
        await locked(world);
        await deliver(world, ['late 1', 'late 2']);
        await waiting(world, 2);
        await nacre.stop();
        const {records} = newestSegment(nacre);
        rmSync(spoolFolder(nacre), {recursive: true});
        if (back) renameSync(copy, spoolFolder(nacre));
        rmSync(copy, {recursive: true, force: true});
        await nacre.start({state: 'LOCKED'});
        await world.unlock();
        await waiting(world, 0);
        await world.api.connected();
        await deliver(world, ['after']);
        await world.arrived('after');
        expected.push('early 1', 'early 2', 'after');
        told.push([records.at(-2).sequence, records.at(-1).sequence]);
        await until('all there', async () => (await texts(world)).length >= expected.length);
        assert.deepEqual(await texts(world), expected);
        assert.deepEqual(events(world), told);
    }
}, {timeout: 150_000});

scenario('A removed segment is missed and named', async (world) => {
    await linkedWorld(world);
    await locked(world);
    await deliver(world, ['gone 1', 'gone 2', 'gone 3']);
    await waiting(world, 3);
    const {records, file} = newestSegment(world.nacre);
    const lost = records.slice(-3).map((record) => record.sequence);
    // A new courier begins a new segment.
    await world.nacre.kill('nacre-courier');
    await until('connected again', () => world.mock.connected(world.device));
    await deliver(world, ['there 1', 'there 2']);
    await waiting(world, 5);
    assert.ok(segments(world.nacre).length > 1);
    await world.nacre.stop();
    rmSync(file);
    await world.nacre.start({state: 'LOCKED'});
    await world.unlock();
    await world.arrived('there 2');
    assert.deepEqual(await texts(world), ['there 1', 'there 2']);
    await world.events.waitKind('SPOOL_DAMAGED');
    // The first of its records had been committed; the courier cannot know that any more.
    assert.equal(events(world).length, 1);
    assert.equal(events(world)[0][1], lost[2]);
    assert.equal(events(world)[0][0], lost[0]);
    assert.equal((await world.api.status()).lost_envelopes, 3);
    const nacre = command(world);
    assert.match(await nacre.text(['status']), /lost +3 envelopes that waited/);
    await world.api.lock();
    await world.api.serving('LOCKED');
    assert.doesNotMatch(await nacre.text(['status']), /lost/);
    await world.unlock();
    assert.equal((await world.api.status()).lost_envelopes, 3);
});

scenario('A full spool stops acknowledging, says so, and goes on by itself', async (world) => {
    await world.boot();
    const config = `${world.config()}\n[spool]\nmax_envelopes = 5\n`;
    await world.startDaemon({config});
    await world.createVault();
    await world.link();
    await world.api.connected();
    await locked(world);
    const mailbox = world.mock.mailbox(world.device);
    const before = mailbox.delivered;
    const sent = Array.from({length: 12}, (_, n) => `squeezed ${n}`);
    const done = deliverAtOnce(world, sent);
    await until('full', async () => (await world.api.status()).spool_full);
    const status = await world.api.status();
    assert.equal(status.vault, 'VAULT_STATE_LOCKED');
    await waiting(world, 5);
    await until('five acknowledged', () => mailbox.delivered - before === 5);
    await until('seven wait at the server', () => mailbox.waiting === 7);
    await world.unlock();
    await within('all acknowledged', done, 60_000);
    await world.arrived(sent.at(-1));
    assert.deepEqual(await texts(world), sent);
    await until('not full any more', async () => !(await world.api.status()).spool_full);
    await waiting(world, 0);
    assert.deepEqual(events(world), []);
});

async function deliverAtOnce(world, sent) {
    const all = [];
    for (const text of sent) {
        clock += 1;
        const envelope = await world.bob.encryptText(world.device, text, {timestamp: clock});
        all.push(world.mock.server.send(world.device, envelope));
    }
    return Promise.all(all);
}

// The uploads that lie ready with the courier: ['a', 'a', 'p', …].
function readyKeys(world) {
    return readdirSync(path.join(world.nacre.state, 'courier/keys'))
        .filter((name) => /^[ap]-\d+$/.test(name)).map((name) => name[0]).sort();
}

// As if strangers had fetched keys until few are left.
async function useUpKeys(device) {
    while (await device.getPreKeyCount(ServiceIdKind.ACI) >= 5) {
        await device.popSingleUseKey(ServiceIdKind.ACI);
    }
}

scenario('Locked, the courier refills the server from what the vault left ready', async (world) => {
    await linkedWorld(world, {strangers: ['Eve']});
    const [eve] = world.strangers;
    await until('eight uploads ready', () => readyKeys(world).join('') === 'aaaapppp');
    await locked(world);
    const uploads = world.mock.requestsTo('PUT', /^\/v2\/keys/).length;
    await useUpKeys(world.device);
    // It looks again after some envelopes.
    await deliver(world, Array.from({length: 25}, (_, n) => `one of many ${n}`));
    await until('refilled', async () => await world.device.getPreKeyCount() >= 90);
    assert.equal(world.mock.requestsTo('PUT', /^\/v2\/keys/).length, uploads + 1);
    assert.equal(readyKeys(world).join(''), 'aaapppp');
    // Somebody new writes with one of those keys, whose private half the locked vault has.
    await world.mock.introduce(eve, world.device);
    clock += 1;
    await within('acknowledged', eve.sendText(world.device, 'we have not met', {timestamp: clock}));
    // A new courier knows what is left, and nothing is used twice.
    await world.nacre.kill('nacre-courier');
    await until('connected again', () => world.mock.connected(world.device));
    await useUpKeys(world.device);
    await deliver(world, Array.from({length: 25}, (_, n) => `more of them ${n}`));
    await until('refilled again', async () => await world.device.getPreKeyCount() >= 90);
    assert.equal(readyKeys(world).join(''), 'aapppp');
    await world.mock.introduce(eve, world.device);
    await world.unlock();
    await world.arrived('more of them 24');
    assert.equal((await world.history(eve)).at(-1).text, 'we have not met');
    await until('eight uploads ready again', () => readyKeys(world).join('') === 'aaaapppp');
});

scenario('Locked, with no one-time key left, somebody new is received by the last resort', async (world) => {
    await linkedWorld(world, {strangers: ['Eve']});
    const [eve] = world.strangers;
    await until('eight uploads ready', () => readyKeys(world).join('') === 'aaaapppp');
    const counted = () => world.mock.requestsTo('GET', /^\/v2\/keys/).length;
    const before = counted();
    await locked(world);
    // The courier looks now, and then not before twenty envelopes have come.
    await until('the courier has looked', () => counted() >= before + 2);
    while (await world.device.getPreKeyCount() > 0 || await world.device.getKyberPreKeyCount() > 0) {
        await world.device.popSingleUseKey();
    }
    await world.mock.introduce(eve, world.device);
    clock += 1;
    await within('acknowledged', eve.sendText(world.device, 'without a key of its own', {timestamp: clock}));
    assert.equal(await world.device.getPreKeyCount(), 0);
    await world.unlock();
    await world.arrived('without a key of its own');
});

scenario('An unlock with thousands waiting: neither a list nor a send waits for them',
    async (world) => {
        const kCount = 3000;
        await linkedWorld(world);
        await deliver(world, ['before']);
        const {conversation_id: conversation} = await world.arrived('before');
        await locked(world);
        const sent = Array.from({length: kCount}, (_, n) => `waited ${n}`);
        await within('all acknowledged', deliverAtOnce(world, sent), 120_000);
        await waiting(world, kCount);
        // A courier that stands still makes it certain that all of them wait meanwhile.
        const courier = await world.nacre.pid('nacre-courier');
        process.kill(courier, 'SIGSTOP');
        const unlocked = await world.unlock();
        assert.equal(unlocked.waiting_envelopes, kCount);
        const listed = await world.api.call('Messages', 'ListMessages',
            {conversation_id: conversation, page_size: 10});
        const answer = await world.api.send(conversation, 'in between');
        const status = await world.api.status();
        assert.equal(status.waiting_envelopes, kCount);
        assert.ok(listed.messages.length > 0);
        process.kill(courier, 'SIGCONT');
        await waiting(world, 0, 120_000);
        await world.state(answer.id, 'SENT', 'DELIVERED');
        const history = (await world.history(world.bob)).map((message) => message.text);
        assert.deepEqual(history.filter((text) => text.startsWith('waited')), sent);
        assert.ok(history.indexOf('in between') < history.indexOf(sent.at(-1)),
            'the send went into the history ahead of the backlog');
    }, {timeout: 240_000});

scenario("'nacre unlock --wait' stays until all that waited is in the vault", async (world) => {
    await linkedWorld(world);
    const nacre = command(world);
    for (const count of [300, 1]) {
        await locked(world);
        const sent = Array.from({length: count}, (_, n) => `waited ${count} ${n}`);
        await within('all acknowledged', deliverAtOnce(world, sent), 60_000);
        await waiting(world, count);
        world.events.close();
        const left = count === 1
            ? await nacre.text(['unlock', '--wait'], {passphrase: kPassphrase})
            : await nacre.json(['unlock', '--wait'], {passphrase: kPassphrase});
        assert.equal((await world.api.status()).waiting_envelopes, 0);
        assert.deepEqual((await texts(world)).filter((text) => text.startsWith(`waited ${count} `)), sent);
        world.events = world.api.events(world.events.last, world.events.all);
        if (count === 1) {
            assert.match(left, /One envelope that came meanwhile[^]*All of them are in the vault\.$/);
            continue;
        }
        assert.equal(left[0].state, 'unlocked');
        const counts = left.map((line) => line.waitingEnvelopes);
        assert.deepEqual([counts[0], counts.at(-1)], [count, 0]);
        assert.deepEqual([...counts].sort((a, b) => b - a), counts);
    }
    // Open already, there is nothing to wait for.
    assert.deepEqual(await nacre.json(['unlock', '--wait']), [{state: 'unlocked', waitingEnvelopes: 0}]);
});

scenario('With late_receipts = "never" an unlock tells no sender', async (world) => {
    await world.boot();
    await world.startDaemon({config: `${world.config()}\n[spool]\nlate_receipts = "never"\n`});
    await world.createVault();
    await world.link();
    await world.api.connected();
    await locked(world);
    const sealed = async (text) => {
        clock += 1;
        const timestamp = clock;
        await within('acknowledged',
            world.bob.sendText(world.device, text, {timestamp, sealed: true}));
        return timestamp;
    };
    await sealed('came while locked');
    await waiting(world, 1);
    await world.unlock();
    await world.arrived('came while locked');
    const open = await sealed('came while open');
    await world.arrived('came while open');
    // The outbox keeps each destination's order: had there been one for the first, it would come first.
    const {receiptMessage} = await within('receipt', world.bob.waitForReceipt());
    assert.deepEqual(receiptMessage.timestamp.map(Number), [open]);
});
