// Goal: what was settled once, a safety number or the servers, is not changed behind the owner's
// back: sending stops until the owner has accepted the change.

import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';

import {command} from './support/cli.js';
import {ServiceIdKind} from './support/mock.js';
import {linkedWorld, scenario} from './support/world.js';
import {until, within} from './support/wait.js';

// From now on the server gives out another phone's keys for Bob, as when he has set up a new one.
async function reinstall(world) {
    const {server} = world.mock;
    const renewed = await server.createPrimaryDevice({profileName: 'Bob anew'});
    renewed.device.getServiceIdKind = () => ServiceIdKind.ACI;
    const isBob = (serviceId) => serviceId === world.bob.device.aci;
    for (const [name, answer] of [
        ['getAllDevicesByServiceId', [renewed.device]],
        ['getDeviceByServiceId', renewed.device],
    ]) {
        const original = server[name].bind(server);
        server[name] = async (serviceId, deviceId) =>
            isBob(serviceId) ? answer : original(serviceId, deviceId);
    }
    // The new phone takes what comes: this server cannot play two phones of one account.
    const deliver = server.handlePreparedMultiDeviceMessage.bind(server);
    server.handlePreparedMultiDeviceMessage = async (source, serviceId, prepared) =>
        isBob(serviceId) ? undefined : deliver(source, serviceId, prepared);
}

scenario('A changed safety number stops sending until it is accepted', async (world) => {
    await linkedWorld(world);
    const {id} = await world.conversationWith(world.bob);
    const first = await world.api.send(id, 'to the old phone');
    await within('old phone', world.bob.waitForMessage());
    await world.state(first.id, 'SENT', 'DELIVERED');

    await reinstall(world);
    const held = await world.api.send(id, 'is that still you?');
    await world.state(held.id, 'BLOCKED_IDENTITY');
    const bob = (await world.api.recipients()).find((one) => one.name === world.bob.profileName);
    assert.equal(bob.identity_changed, true);
    await world.events.wait('identity changed', (event) =>
        event.kind === 'KIND_IDENTITY_CHANGED' && event.recipient_id === bob.id);

    // Known now, so the command says it at once, and nothing is lost.
    const nacre = command(world, world.api.token);
    const refused = await nacre.run(['send', 'Bob', 'answer me']);
    assert.equal(refused.code, 4, refused.stderr);
    assert.match(refused.stderr, /Bob has changed.*accept-identity/s);
    const stored = (await world.history(world.bob)).at(-1);
    assert.equal(stored.text, 'answer me');
    assert.equal(stored.state, 'STATE_BLOCKED_IDENTITY');

    const accepted = await nacre.run(['accept-identity', 'Bob']);
    assert.equal(accepted.code, 0, accepted.stderr);
    await world.state(held.id, 'SENT', 'DELIVERED');
    await world.state(stored.id, 'SENT', 'DELIVERED');
    assert.equal((await nacre.run(['send', 'Bob', 'thanks'])).code, 0);
    const after = (await world.api.recipients()).find((one) => one.id === bob.id);
    assert.equal(after.identity_changed, false);
});

scenario('Another server in the configuration is not connected to until it is accepted', async (world) => {
    await linkedWorld(world);
    const logins = world.mock.logins.length;
    await world.nacre.stop();
    writeFileSync(world.nacre.config, world.config().replace('/cdn3"', '/elsewhere"'));
    await world.nacre.start();
    await world.unlock();
    await until('the change is shown', async () =>
        (await world.api.status()).connection === 'CONNECTION_ENVIRONMENT_CHANGED');
    assert.equal(world.mock.logins.length, logins);

    await world.api.call('Vault', 'AcceptEnvironment');
    await world.api.connected();
    await world.bob.sendText(world.device, 'through the new one', {timestamp: Date.now()});
    await world.arrived('through the new one');
});
