// Goal: the command tells a person, and by its exit code a script, how it went, for everything that
// a new user may try.

import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';

import {Cli, command} from './support/cli.js';
import {kPassphrase, linkedWorld, scenario} from './support/world.js';
import {until, within} from './support/wait.js';

const kExit = {ok: 0, user: 1, unexpected: 2, io: 3, untrusted: 4, rate: 5, locked: 7};

async function fails(promise, code, pattern) {
    const result = await promise;
    assert.equal(result.code, code, `${result.stdout}\n${result.stderr}`);
    assert.match(result.stderr, pattern ?? /\S/);
    return result;
}

scenario('Command: no daemon, no vault, a vault made, a wrong passphrase', async (world) => {
    await world.boot({contacts: []});
    await world.startDaemon();
    const nacre = command(world);
    const nobody = new Cli(world.nacre.environment);
    await fails(nobody.run(['status']), kExit.io, /daemon/i);
    await fails(nacre.run(['unlock'], {passphrase: kPassphrase}), kExit.user);
    await fails(nacre.run(['conversations']), kExit.user);
    const [created] = await nacre.json(['init'], {passphrase: kPassphrase});
    assert.equal(created.state, 'created');
    await fails(nacre.run(['init'], {passphrase: kPassphrase}), kExit.user);
    await fails(nacre.run(['send', 'Bob', 'hello']), kExit.user);
    assert.equal((await nacre.run(['lock'])).code, kExit.ok);
    await world.api.serving('LOCKED');
    await fails(nacre.run(['conversations']), kExit.locked, /lock/i);
    await fails(nacre.run(['unlock'], {passphrase: 'wrong'}), kExit.user, /passphrase/i);
    assert.equal((await nacre.run(['unlock'], {passphrase: kPassphrase})).code, kExit.ok);
    const [status] = await nacre.json(['status']);
    assert.equal(status.vault, 'unlocked');
    await fails(nacre.run(['no-such-command']), kExit.user);
});

scenario('Command: without HOME, and a key file from a pipe', async (world) => {
    await world.boot({contacts: []});
    await world.startDaemon();
    const nacre = command(world);
    await nacre.json(['init'], {passphrase: kPassphrase});
    // What /etc/passwd says has to be read before the command gives that up.
    const homeless = new Cli({});
    const status = await homeless.run(['--socket', world.api.socket, 'status']);
    assert.equal(status.code, kExit.ok, status.stderr);
    await nacre.run(['lock']);
    await world.api.serving('LOCKED');
    // Too short for a key file, and read before that can be said.
    const shell = spawnSync('bash', ['-c', '"$0" --socket "$1" unlock --key-file <(printf short)',
        homeless.program, world.api.socket], {encoding: 'utf8', env: {PATH: process.env.PATH}});
    assert.equal(shell.status, kExit.user, shell.stderr);
    assert.match(shell.stderr, /32/);
});

scenario('Command: links by the code that it draws, sends, lists, finds, watches', async (world) => {
    await world.boot();
    await world.startDaemon();
    const nacre = command(world);
    await nacre.json(['init'], {passphrase: kPassphrase});
    let complete;
    const linking = nacre.start(['link', '--name', 'a test'], {
        onLine: (line) => {
            const [uri] = /sgnl:\/\/linkdevice\?\S+/.exec(line) ?? [];
            if (uri === undefined) return;
            complete ??= world.mock.server.waitForProvision().then((pending) =>
                pending.complete({provisionURL: uri, primaryDevice: world.me}));
        },
    });
    const linked = await within('linked', linking.done);
    assert.equal(linked.code, kExit.ok, linked.stderr);
    const device = await within('keys uploaded', complete);
    await within('synced', world.me.waitForSync(device));
    await world.mock.introduce(world.bob, device);
    await until('Bob is known', async () =>
        (await nacre.json(['recipients'])).some((one) => one.name === 'Bob'));

    const watch = nacre.start(['--json', 'watch', '--text', '--after', '0']);
    const watching = until('the message shows', () => /Ärger im Büro/.test(watch.output()));
    await world.bob.sendText(device, 'Ärger im Büro', {timestamp: Date.now(), sealed: true});
    await watching;
    watch.child.kill('SIGINT');
    await watch.done;

    const [conversation] = await nacre.json(['conversations']);
    assert.equal(conversation.title, 'Bob');
    const hits = await nacre.json(['search', 'arger buro']);
    assert.equal(hits.length, 1);
    const people = (await nacre.run(['search', 'bO'])).stdout.trimEnd().split('\n');
    assert.equal(people.length, 1);
    assert.match(people[0], / Bob$/);
    assert.doesNotMatch((await nacre.run(['search', 'bO', '--in', 'Bob'])).stdout, /Bob/);
    const sent = await nacre.run(['send', 'Bob', '-'], {input: 'from standard input\n'});
    assert.equal(sent.code, kExit.ok, sent.stderr);
    assert.equal((await within('at Bob\'s', world.bob.waitForMessage())).body, 'from standard input');
    const texts = (await nacre.json(['messages', 'Bob'])).map((message) => message.text);
    assert.deepEqual(texts, ['Ärger im Büro', 'from standard input']);
});

scenario('Command: refuses what cannot be sent, and says why', async (world) => {
    await linkedWorld(world);
    const nacre = command(world, world.api.token);
    await fails(nacre.run(['send', 'Nobody', 'hello']), kExit.user);
    await fails(nacre.run(['send', 'Bob', '']), kExit.user, /empty/i);
    await fails(nacre.run(['send', 'Bob', '-'], {input: Buffer.alloc(65_537, 'x')}), kExit.user, /long/i);
    await fails(nacre.run(['send', 'Bob', '-'], {input: Buffer.from([0x66, 0xff, 0xfe])}),
        kExit.user, /UTF-8/);
    await fails(nacre.run(['messages', 'Nobody']), kExit.user);
    assert.deepEqual(await world.history(world.bob), []);
});
