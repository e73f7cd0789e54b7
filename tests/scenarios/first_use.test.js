// Goal: what a new user does wrong, or finds broken, is answered plainly and harms nothing.

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdirSync, readFileSync} from 'node:fs';
import path from 'node:path';

import grpc from '@grpc/grpc-js';

import {Code, withReason} from './support/api.js';
import {Daemon} from './support/daemon.js';
import {kPassphrase, linkedWorld, scenario} from './support/world.js';
import {until, within} from './support/wait.js';

async function refused(promise, code, reason) {
    await assert.rejects(within('refusal', promise), (error) => {
        assert.equal(Code[error.code] ?? error.message, Code[code]);
        if (reason) assert.equal(error.reason, reason);
        return true;
    });
}

async function vaultOnly(world, options = {}) {
    await world.boot({contacts: []});
    await world.startDaemon(options);
    await world.createVault();
}

scenario('A wrong passphrase is refused, and the right one still opens', async (world) => {
    await vaultOnly(world);
    await world.api.lock();
    await refused(world.api.unlock('not it'), Code.PERMISSION_DENIED, 'WRONG_PASSPHRASE');
    assert.equal((await world.api.status()).vault, 'VAULT_STATE_LOCKED');
    await world.unlock();
    assert.equal((await world.api.status()).vault, 'VAULT_STATE_UNLOCKED');
});

scenario('Without a vault everything but making one is refused', async (world) => {
    await world.boot({contacts: []});
    await world.startDaemon();
    assert.equal((await world.api.status()).vault, 'VAULT_STATE_NONE');
    await refused(world.api.unlock('anything'), Code.FAILED_PRECONDITION, 'NO_VAULT');
    await refused(world.api.conversations(), Code.FAILED_PRECONDITION, 'NO_VAULT');
    await world.createVault();
    assert.deepEqual(await world.api.conversations(), []);
});

scenario('Locked, the messages are out of reach', async (world) => {
    await vaultOnly(world);
    await world.api.lock();
    await refused(world.api.conversations(), Code.FAILED_PRECONDITION, 'VAULT_LOCKED');
});

scenario('Without the token nothing in the vault can be read', async (world) => {
    await vaultOnly(world);
    world.api.token = '';
    await refused(world.api.conversations(), Code.UNAUTHENTICATED);
    world.api.token = 'x'.repeat(43);
    await refused(world.api.conversations(), Code.UNAUTHENTICATED);
});

scenario('A second vault over the first is refused', async (world) => {
    await vaultOnly(world);
    await refused(world.api.createVault('another'), Code.ALREADY_EXISTS);
});

scenario('A second daemon on the same vault does not get in', async (world) => {
    await vaultOnly(world);
    const folder = path.join(world.folder, 'second');
    mkdirSync(folder);
    const second = new Daemon(folder, world.config());
    second.state = world.nacre.state;
    world.onClose(() => second.stop());
    second.spawn();
    const outcome = await Promise.race([
        second.exited.then(() => 'ended'),
        second.api.serving().then(() => 'serving'),
    ]);
    if (outcome === 'serving') {
        const status = await second.api.status();
        if (status.vault === 'VAULT_STATE_LOCKED') {
            await assert.rejects(second.api.unlock(kPassphrase));
        } else {
            assert.equal(status.vault, 'VAULT_STATE_UNUSABLE');
        }
    }
    second.api.close();
    assert.equal((await world.api.status()).vault, 'VAULT_STATE_UNLOCKED');
    await world.api.lock();
    await world.unlock();
});

// A small file system of its own. Only root can mount one; others get nothing.
function mountTmpfs(world, folder, options) {
    if (process.getuid() !== 0) return false;
    try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], {stdio: 'pipe'});
    } catch {
        return false;
    }
    world.onClose(async () => {
        await world.nacre?.stop();
        execFileSync('umount', ['-l', folder]);
    });
    return true;
}

scenario('In a read-only folder no vault is made, and the reason is told', async (world, t) => {
    await world.boot({contacts: []});
    const state = path.join(world.folder, 'state');
    mkdirSync(state, {mode: 0o700});
    if (!mountTmpfs(world, state, 'size=16m,mode=700')) return t.skip('cannot mount here');
    mkdirSync(path.join(state, 'vault'), {mode: 0o700});
    mkdirSync(path.join(state, 'courier'), {mode: 0o700});
    execFileSync('mount', ['-o', 'remount,ro', state]);
    world.nacre = new Daemon(world.folder, world.config());
    world.api = world.nacre.api;
    world.nacre.spawn();
    const {code} = await within('ended', world.nacre.exited);
    assert.ok(code > 0, `exit code ${code}`);
    assert.ok(world.nacre.log.split('\n').includes(
        `nacred: cannot write to ${state}: Read-only file system`), world.nacre.log);
    return undefined;
});

scenario('On a full disk messages wait at the server, and come when there is room', async (world, t) => {
    const state = path.join(world.folder, 'state');
    mkdirSync(state, {mode: 0o700, recursive: true});
    if (!mountTmpfs(world, state, 'size=48m,mode=700')) return t.skip('cannot mount here');
    await linkedWorld(world);
    const ballast = path.join(state, 'ballast');
    execFileSync('sh', ['-c', `head -c 100000000 /dev/zero > ${ballast} 2>/dev/null || true`]);
    const sends = [];
    for (let n = 0; n < 20; n += 1) {
        sends.push(world.bob.sendText(world.device, `squeezed ${n} ${'x'.repeat(2000)}`,
            {timestamp: Date.now() + n}));
    }
    const problem = await until('the problem shows',
        async () => (await world.api.status()).spool_problem);
    assert.equal(problem, 'disk_full');
    assert.match(world.nacre.log, /: disk_full at .* errno=28$/m);
    execFileSync('rm', [ballast]);
    await within('all acknowledged', Promise.all(sends), 60_000);
    await world.events.wait('all 20', async () => (await world.history(world.bob)).length === 20, 60_000);
    const texts = (await world.history(world.bob)).map((message) => message.text.split(' ')[1]);
    assert.deepEqual(texts, Array.from({length: 20}, (_, n) => String(n)));
    return undefined;
}, {timeout: 150_000});

scenario('A code that is never scanned leaves nothing behind', async (world) => {
    await vaultOnly(world);
    const linking = world.api.link();
    await linking.uri();
    linking.cancel();
    await assert.rejects(within('cancelled', linking.done));
    assert.equal((await world.api.status()).account, 'ACCOUNT_STATE_NOT_LINKED');
    // The daemon may not have heard of the end yet.
    const again = await until('another code', async () => {
        const next = world.api.link();
        const shown = next.uri().then(() => next, () => undefined);
        return Promise.race([shown, next.done.then(() => undefined, () => undefined)]);
    });
    assert.notEqual(again.uris[0], linking.uris[0]);
    again.cancel();
});

scenario('Unknown recipients, empty, overlong and invalid texts are refused', async (world) => {
    await linkedWorld(world);
    await refused(world.api.openConversation('nobody of that name'), Code.NOT_FOUND);
    const {id} = await world.conversationWith(world.bob);
    await refused(world.api.send(id, ''), Code.INVALID_ARGUMENT);
    await refused(world.api.send(id, 'x'.repeat(65_537)), Code.INVALID_ARGUMENT);
    await refused(world.api.send('A'.repeat(22), 'to no conversation'), Code.NOT_FOUND);
    await refused(sendRaw(world, id, Buffer.from([0x66, 0xff, 0xfe, 0x6f])), Code.INVALID_ARGUMENT);
    assert.deepEqual(await world.history(world.bob), []);
    const long = `${'long '.repeat(13_107)}x`;
    assert.equal(Buffer.byteLength(long), 65_536);
    const sent = await world.api.send(id, long);
    assert.equal((await world.api.message(sent.id)).text, long);
    await world.state(sent.id, 'SENT', 'DELIVERED', 'FAILED');
});

// SendMessage with a text that no JavaScript string can be.
function sendRaw(world, conversation, text) {
    const field = (number, bytes) => Buffer.concat([Buffer.from([number << 3 | 2, bytes.length]), bytes]);
    const request = Buffer.concat([field(1, Buffer.from(conversation)), field(2, text)]);
    const client = new grpc.Client(`unix:${world.api.socket}`, grpc.credentials.createInsecure());
    world.onClose(() => client.close());
    const metadata = new grpc.Metadata();
    metadata.set('authorization', `Bearer ${world.api.token}`);
    return new Promise((resolve, reject) => {
        client.makeUnaryRequest('/nacre.v1.MessagesService/SendMessage', (bytes) => bytes,
            (bytes) => bytes, request, metadata,
            (error, answer) => (error ? reject(withReason(error)) : resolve(answer)));
    });
}

scenario('A killed courier comes back by itself', async (world) => {
    await linkedWorld(world);
    const pid = await world.nacre.kill('nacre-courier');
    const sent = world.bob.sendText(world.device, 'after the kill', {timestamp: Date.now()});
    assert.notEqual(await world.nacre.pid('nacre-courier'), pid);
    await world.arrived('after the kill');
    await sent;
});

scenario('A killed vaultd comes back locked, and loses nothing', async (world) => {
    await linkedWorld(world);
    await world.bob.sendText(world.device, 'before the kill', {timestamp: Date.now()});
    await world.arrived('before the kill');
    await world.settled();  // or the killed one dies before it has told the courier
    await world.nacre.kill('nacre-vaultd');
    await world.api.serving('LOCKED');
    await world.bob.sendText(world.device, 'while locked', {timestamp: Date.now()});
    await until('one waits', async () => (await world.api.status()).waiting_envelopes === 1);
    await world.unlock();
    await world.arrived('while locked');
    const texts = (await world.history(world.bob)).map((message) => message.text);
    assert.deepEqual(texts, ['before the kill', 'while locked']);
});

scenario('What is in the vault does not stand readable on the disk or in the log', async (world) => {
    await linkedWorld(world);
    const marker = 'Perlmuttschale-7141';
    await world.bob.sendText(world.device, marker, {timestamp: Date.now()});
    await world.arrived(marker);
    await world.api.lock();
    const files = [...world.nacre.files('vault'), ...world.nacre.files('courier')];
    assert.ok(files.length > 0);
    for (const file of files) {
        const bytes = readFileSync(file);
        for (const secret of [marker, kPassphrase, world.me.device.number, world.me.device.aci]) {
            assert.ok(!bytes.includes(Buffer.from(secret)), `${secret} in ${file}`);
        }
    }
    for (const secret of [marker, kPassphrase, world.me.device.number, world.bob.device.aci]) {
        assert.ok(!world.nacre.log.includes(secret), `${secret} in the log`);
    }
});
