// Goal: the connection comes back by itself when the network breaks it, and stays away when the
// server says so.

import assert from 'node:assert/strict';

import {makeCertificate} from './support/mock.js';
import {kPassphrase, linkedWorld, scenario} from './support/world.js';
import {until, within} from './support/wait.js';

async function connection(world, name) {
    return until(`connection ${name}`, async () => {
        const status = await world.api.status();
        return status.connection === `CONNECTION_${name}` && status;
    });
}

scenario('27. Stops when another connection took over, and connects again when asked', async (world) => {
    await linkedWorld(world);
    const logins = world.mock.logins.length;
    world.mock.server.webSockets.get(world.device).close(4409);
    await connection(world, 'CONNECTED_ELSEWHERE');
    const waiting = world.bob.sendText(world.device, 'meanwhile', {timestamp: Date.now()});
    // The state survives a restart of the courier, which would otherwise log in at once.
    await world.nacre.kill('nacre-courier');
    await world.nacre.pid('nacre-courier');
    await connection(world, 'CONNECTED_ELSEWHERE');
    assert.equal(world.mock.logins.length, logins);
    await world.api.call('Vault', 'Reconnect');
    await connection(world, 'CONNECTED');
    await world.arrived('meanwhile');
    await waiting;
    assert.equal(world.mock.logins.length, logins + 1);
});

scenario('28. Removed by the phone: unlinked, the messages stay readable, no further tries',
    async (world) => {
        await linkedWorld(world);
        await world.bob.sendText(world.device, 'to be kept', {timestamp: Date.now()});
        await world.arrived('to be kept');
        const logins = world.mock.logins.length;
        await world.mock.server.removeDeviceByServiceId(world.me.device.aci, world.device.deviceId);
        world.mock.cutConnections();
        await connection(world, 'UNLINKED');
        await until('unlinked', async () =>
            (await world.api.status()).account === 'ACCOUNT_STATE_UNLINKED');
        assert.equal((await world.history(world.bob)).at(-1).text, 'to be kept');
        await world.api.lock();
        await world.unlock();
        assert.equal((await world.api.status()).account, 'ACCOUNT_STATE_UNLINKED');
        assert.equal((await world.history(world.bob)).at(-1).text, 'to be kept');
        assert.equal(world.mock.logins.length, logins);
    });

scenario('29. Connects again after the network broke', async (world) => {
    await linkedWorld(world);
    world.mock.cutConnections();
    await until('second login', () => world.mock.logins.length === 2);
    await world.bob.sendText(world.device, 'after the break', {timestamp: Date.now()});
    await world.arrived('after the break');
    await world.mock.goDown();
    await connection(world, 'CONNECTING');
    const waiting = world.bob.sendText(world.device, 'while down', {timestamp: Date.now()});
    await world.mock.comeUp();
    await world.arrived('while down', 60_000);
    await waiting;
}, {timeout: 120_000});

scenario('30. Refuses a server whose certificate is not of the configured CA', async (world) => {
    await world.boot();
    const {caFile} = makeCertificate(world.folder, 'localhost');
    await world.startDaemon({config: world.config({caFile})});
    await world.createVault();
    const linking = world.api.link();
    await assert.rejects(within('linking fails', linking.done, 60_000));
    assert.equal(linking.uris.length, 0);
    assert.equal(world.mock.requests.length, 0);
});

scenario('30. Refuses a server whose certificate is for another host', async (world) => {
    const {mkdirSync} = await import('node:fs');
    mkdirSync(world.folder, {recursive: true});
    const {caFile, key, cert} = makeCertificate(world.folder, 'elsewhere.test');
    await world.boot({server: {https: {key, cert}}});
    await world.startDaemon({config: world.config({caFile})});
    await world.createVault(kPassphrase);
    const linking = world.api.link();
    await assert.rejects(within('linking fails', linking.done, 60_000));
    assert.equal(linking.uris.length, 0);
    assert.equal(world.mock.requests.length, 0);
});

scenario('34. Uploads new one-time keys when few are left', async (world) => {
    await linkedWorld(world, {contacts: ['Bob', 'Carol']});
    const uploads = () => world.mock.requestsTo('PUT', /^\/v2\/keys/).length;
    const before = uploads();
    while (await world.device.getPreKeyCount() > 5) await world.device.popSingleUseKey();
    world.mock.cutConnections();
    await until('a new upload', () => uploads() > before);
    assert.equal(await world.device.getPreKeyCount(), 100);
    assert.equal(await world.device.getKyberPreKeyCount(), 100);
    await world.mock.introduce(world.strangers[0] ?? world.bob, world.device);
    await world.bob.sendText(world.device, 'by a new key', {timestamp: Date.now()});
    await world.arrived('by a new key');
});
