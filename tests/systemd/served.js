// The demonstration under the system's units: driven by the nacre command as a user of the group, with
// Signal's test server as the other side. served.sh runs it, as root in the booted machine; each check
// prints one line.

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import {Cli} from '../scenarios/support/cli.js';
import {Mock} from '../scenarios/support/mock.js';
import {until, within} from '../scenarios/support/wait.js';

const kPassphrase = 'a passphrase of the demonstration';
const kCa = '/etc/nacre/ca.pem';
const cli = new Cli({PATH: '/usr/sbin:/usr/bin:/sbin:/bin'});
cli.program = '/usr/local/bin/ada-nacre';
// As ada's shell asks what a word may become.
const completion = new Cli(cli.environment);
completion.program = '/usr/local/bin/ada-complete';

// What follows needs what went before: the first failure ends the run.
async function check(what, action) {
    try {
        await action();
        console.log(`ok - ${what}`);
    } catch (error) {
        console.log(`not ok - ${what}: ${error.stack}`);
        process.exit(1);
    }
}

const systemctl = (...words) => execFileSync('systemctl', words, {encoding: 'utf8'}).trim();
const property = (unit, name) => systemctl('show', '-P', name, unit);
const status = async () => (await cli.json(['status']))[0];
const waiting = (count) => until(`${count} waiting`, async () =>
    (await status()).waitingEnvelopes >= count);
const texts = async () => (await cli.json(['messages', 'Bob'])).map((message) => message.text);

// As the package's configuration, and where the servers are.
function configure(mock) {
    writeFileSync(kCa, mock.certificates.certificateAuthority, {mode: 0o644});
    writeFileSync('/etc/nacre/default.toml', `${mock.environment({caFile: kCa})}
[vault]
kdf_target_ms = 50
[api]
allowed_groups = ["nacre"]
[link]
allowed_users = ["nacre-courier"]
[lock]
allowed_users = ["nacre-sentry"]
`);
    systemctl('restart', 'nacre-vault.service', 'nacre-courier.service');
}

const folder = '/var/tmp/nacre-mock';
mkdirSync(folder, {recursive: true});
const mock = await Mock.boot(folder);
const bob = await mock.primary('Bob');
const me = await mock.primary('Me', {contacts: [bob]});
let device;
let timestamp = Date.now();
const bobSends = (text) => {
    timestamp += 1;
    return bob.sendText(device, text, {timestamp, sealed: true});
};

await check('vault and courier start with the owner\'s servers', async () => {
    configure(mock);
    await until('no vault', async () => (await status()).vault === 'none');
    assert.equal(property('nacre-courier.service', 'ActiveState'), 'active');
});
await check('nacre init, as a user of the group', async () => {
    await cli.text(['init'], {passphrase: kPassphrase});
});
await check('nacre link', async () => {
    let complete;
    const linking = cli.start(['link'], {
        onLine: (line) => {
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
    await until('connected', () => property('nacre-courier.service', 'StatusText') === 'Connected');
    await until('contacts', async () =>
        (await cli.json(['recipients'])).some((one) => one.name === 'Bob'));
});
await check('what is sent to it arrives and is found', async () => {
    await bobSends('Shall we meet at the café on Friday?');
    await until('received', async () => (await cli.json(['search', 'cafe'])).length === 1);
});
await check('what it sends arrives', async () => {
    await cli.text(['send', 'Bob', 'Seven is fine.']);
    assert.equal((await within('at Bob\'s', bob.waitForMessage())).body, 'Seven is fine.');
});
await check('the command completes the conversation\'s name', async () => {
    assert.match(await completion.text(['messages', 'B']), /^Bob\t/);
});
await check('nacre courier credential gives out the login for systemd', async () => {
    const file = path.join(os.tmpdir(), 'nacre-login');
    await cli.text(['courier', 'credential', file], {passphrase: kPassphrase});
    mkdirSync('/etc/credstore.encrypted', {recursive: true, mode: 0o700});
    execFileSync('systemd-creds', ['encrypt', '--name=nacre.login', file,
        '/etc/credstore.encrypted/nacre.login'], {stdio: 'pipe'});
    rmSync(file);
});
await check('locked, it receives on, and completes nothing', async () => {
    await cli.text(['lock']);
    await until('locked', async () => (await status()).vault === 'locked');
    await bobSends('One.');
    await waiting(1);
    assert.equal((await completion.text(['messages', 'B'])), '');
});
await check('a courier that crashes while the vault is locked goes on receiving', async () => {
    const pid = property('nacre-courier.service', 'MainPID');
    process.kill(Number(pid), 'SIGKILL');
    await until('another courier', () => {
        const now = property('nacre-courier.service', 'MainPID');
        return now !== '0' && now !== pid;
    });
    await until('connected', () => property('nacre-courier.service', 'StatusText') === 'Connected');
    await bobSends('Two.');
    await waiting(2);
});
await check('so does one that is restarted', async () => {
    systemctl('restart', 'nacre-courier.service');
    await until('connected', () => property('nacre-courier.service', 'StatusText') === 'Connected');
    await bobSends('Three.');
    await waiting(3);
});
await check('stopped, it has forgotten its login; with a credential it connects nevertheless', async () => {
    systemctl('stop', 'nacre-courier.service');
    systemctl('start', 'nacre-courier.service');
    await until('connected', () => property('nacre-courier.service', 'StatusText') === 'Connected');
    await bobSends('Four.');
    await waiting(4);
});
await check('nacre unlock: everything is there', async () => {
    await cli.text(['unlock'], {passphrase: kPassphrase});
    await until('drained', async () => {
        const found = await texts();
        return ['One.', 'Two.', 'Three.', 'Four.'].every((text) => found.includes(text));
    });
});
await mock.stop();
process.exit(0);
