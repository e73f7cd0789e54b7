// Goal: after a restart the courier receives without the vault if, and only if, the owner has put
// its login into a credential, and that is the vault's; else it says so and connects to nobody.

import assert from 'node:assert/strict';
import {mkdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';

import {Cli} from './support/cli.js';
import {kPassphrase, linkedWorld, scenario} from './support/world.js';
import {until, within} from './support/wait.js';

let clock = Date.now();

async function deliver(world, text) {
    clock += 1;
    await within(`"${text}" acknowledged`, world.bob.sendText(world.device, text, {timestamp: clock}));
}

// A linked world and the command that speaks to it; start() begins with a credential of these bytes.
async function prepare(world) {
    await linkedWorld(world);
    await world.settled();
    const token = path.join(world.folder, 'cli.token');
    writeFileSync(token, world.api.token, {mode: 0o600});
    const cli = new Cli(world.nacre.environment);
    const places = ['--socket', world.api.socket, '--token-file', token];
    const credentials = path.join(world.folder, 'credentials');
    mkdirSync(credentials);
    return {
        run: (args, options) => cli.run([...places, ...args], options),
        text: (args) => cli.text([...places, ...args]),
        async login() {
            const file = path.join(world.folder, `login-${clock += 1}`);
            const done = await cli.run([...places, 'courier', 'credential', file],
                {passphrase: kPassphrase});
            assert.equal(done.code, 0, done.stderr);
            assert.equal(statSync(file).mode & 0o777, 0o600);
            return readFileSync(file);
        },
        start(bytes) {
            writeFileSync(path.join(credentials, 'nacre.login'), bytes);
            return world.nacre.start({env: {CREDENTIALS_DIRECTORY: credentials}, state: 'LOCKED'});
        },
    };
}

// What the courier says, once it says what this credential is worth.
function credential(world, worth) {
    return until(`credential ${worth}`, async () => {
        const status = await world.api.status();
        return status.login_credential === `LOGIN_CREDENTIAL_${worth}` && status;
    });
}

async function connection(world, name) {
    return until(`connection ${name}`, async () => {
        const status = await world.api.status();
        return status.connection === `CONNECTION_${name}` && status;
    });
}

// It would have connected before the vault does.
async function connectsOnlyWithTheVault(world, {logins}) {
    assert.equal(world.mock.logins.length, logins);
    await world.unlock();
    await world.api.connected();
    assert.equal(world.mock.logins.length, logins + 1);
}

scenario('With its login in a credential the courier receives after a restart, locked', async (world) => {
    const nacre = await prepare(world);
    const login = await nacre.login();
    await world.nacre.stop();
    await nacre.start(login);
    const status = await world.api.connected();
    assert.equal(status.vault, 'VAULT_STATE_LOCKED');
    assert.equal(status.login_credential, 'LOGIN_CREDENTIAL_GOOD');
    assert.match(await nacre.text(['status']), /credential +with the courier/);
    await deliver(world, 'before the unlock');
    await world.nacre.kill('nacre-courier');
    await until('connected again', () => world.mock.connected(world.device));
    await deliver(world, 'after the courier died');
    await until('both wait', async () => (await world.api.status()).waiting_envelopes === 2);
    const logins = world.mock.logins.length;
    await world.unlock();
    await world.arrived('after the courier died');
    assert.deepEqual((await world.history(world.bob)).map((message) => message.text),
        ['before the unlock', 'after the courier died']);
    // The vault's login is the same one.
    assert.equal(world.mock.logins.length, logins);
    assert.equal((await world.api.status()).login_credential, 'LOGIN_CREDENTIAL_GOOD');
    await world.nacre.stop();
    await world.nacre.start({state: 'LOCKED'});
    assert.equal((await connection(world, 'NONE')).login_credential, 'LOGIN_CREDENTIAL_UNSPECIFIED');
    await connectsOnlyWithTheVault(world, {logins});
});

scenario('A credential that is no login is named, and nothing connects', async (world) => {
    const nacre = await prepare(world);
    const login = await nacre.login();
    const logins = world.mock.logins.length;
    for (const bytes of ['', 'garbage', login.subarray(0, 60), Buffer.alloc(100_000, 'x')]) {
        await world.nacre.stop();
        await nacre.start(bytes);
        await credential(world, 'UNREADABLE');
        await connection(world, 'NONE');
        assert.equal(world.mock.logins.length, logins);
    }
    assert.match(world.nacre.log, /login credential ignored/);
    assert.match(await nacre.text(['status']), /credential +not used: it cannot be read/);
    await connectsOnlyWithTheVault(world, {logins});
});

scenario('A login that the phone or a new link made worthless is not tried again', async (world) => {
    const nacre = await prepare(world);
    const old = await nacre.login();
    await world.nacre.stop();
    await nacre.start(old);
    await world.api.connected();
    await world.mock.server.removeDeviceByServiceId(world.me.device.aci, world.device.deviceId);
    world.mock.cutConnections();
    await connection(world, 'UNLINKED');
    const logins = world.mock.logins.length;
    await world.nacre.stop();
    await nacre.start(old);
    await credential(world, 'OTHER_LOGIN');
    await connection(world, 'UNLINKED');
    assert.equal(world.mock.logins.length, logins);

    await world.unlock();
    await until('the vault knows', async () =>
        (await world.api.status()).account === 'ACCOUNT_STATE_UNLINKED');
    await world.link();
    await world.api.connected();
    assert.equal((await world.api.status()).login_credential, 'LOGIN_CREDENTIAL_OTHER_LOGIN');
    const login = await nacre.login();
    const relinked = world.mock.logins.length;
    await world.nacre.stop();
    await nacre.start(old);
    await credential(world, 'OTHER_LOGIN');
    await connection(world, 'NONE');
    assert.equal(world.mock.logins.length, relinked);
    assert.match(await nacre.text(['status']), /credential +not used: it is not the login/);
    await world.nacre.stop();
    await nacre.start(login);
    await world.api.connected();
    await deliver(world, 'by the new login');
    await world.unlock();
    await world.arrived('by the new login');
}, {timeout: 150_000});

scenario('A login for other servers than those configured is not used', async (world) => {
    const nacre = await prepare(world);
    const login = await nacre.login();
    const logins = world.mock.logins.length;
    await world.nacre.stop();
    const configured = readFileSync(world.nacre.config, 'utf8');
    writeFileSync(world.nacre.config, configured.replace('/storageService', '/another'));
    await nacre.start(login);
    await credential(world, 'OTHER_SERVERS');
    await connection(world, 'ENVIRONMENT_CHANGED');
    assert.equal(world.mock.logins.length, logins);
});

scenario('The login is given to whoever shows the passphrase, and never to a terminal or over a file',
    async (world) => {
        const nacre = await prepare(world);
        const file = path.join(world.folder, 'login');
        const export_ = (place, passphrase) =>
            nacre.run(['courier', 'credential', place], {passphrase});
        const wrong = await export_(file, 'not the passphrase');
        assert.notEqual(wrong.code, 0);
        assert.throws(() => statSync(file));
        const done = await export_(file, kPassphrase);
        assert.equal(done.code, 0, done.stderr);
        assert.match(done.stderr, /Whoever has this login is this device to the server/);
        const again = await export_(file, kPassphrase);
        assert.notEqual(again.code, 0);
        assert.match(again.stderr, /there already/);
        const piped = await export_('-', kPassphrase);
        assert.equal(piped.code, 0, piped.stderr);
        assert.equal(piped.stdout, readFileSync(file, 'utf8'));
        await world.api.lock();
        await world.api.serving('LOCKED');
        const locked = await export_(path.join(world.folder, 'other'), kPassphrase);
        assert.match(locked.stderr, /locked/);
    });
