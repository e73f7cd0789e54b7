// Goal: a device becomes part of the account by a code that the phone scans, and only by an answer
// that is really the phone's.

import assert from 'node:assert/strict';

import {encryptAttachment, changeProvisioning, decryptDeviceName} from './support/provision.js';
import {Proto, ServiceIdKind} from './support/mock.js';
import {linkedWorld, scenario} from './support/world.js';
import {until, within} from './support/wait.js';

const kLinkPath = /^\/v1\/devices\/link/;
const kRequest = Proto.SyncMessage.Request.Type;

async function unlinkedVault(world, options = {}) {
    await world.boot(options);
    await world.startDaemon();
    await world.createVault();
}

// Begins to link and scans the code; the phone's answer goes out as it is changed to.
async function scan(world) {
    const linking = world.api.link();
    const pending = await within('provisioning socket', world.mock.server.waitForProvision());
    const provisionURL = await linking.uri();
    const complete = pending.complete({provisionURL, primaryDevice: world.me});
    complete.catch(() => undefined);
    return {linking, complete};
}

async function assertNotLinked(world) {
    const status = await world.api.status();
    assert.equal(status.account, 'ACCOUNT_STATE_NOT_LINKED');
    assert.equal(status.aci, '');
    assert.equal(world.mock.logins.filter((id) => id !== 1).length, 0);
}

scenario('1. Links with PNI; the ids match and the device is the second', async (world) => {
    await unlinkedVault(world);
    await world.link();
    assert.equal(world.linked.device_id, 2);
    assert.equal(world.linked.aci, world.me.device.aci);
    assert.equal(world.linked.number, world.me.device.number);
    await world.api.connected();
    const status = await world.api.status();
    assert.equal(status.account, 'ACCOUNT_STATE_LINKED');
    assert.equal(status.aci, world.me.device.aci);
    assert.equal(status.device_id, 2);
    assert.equal(world.device.deviceId, 2);
    assert.equal(world.device.pni, world.me.device.pni);
});

scenario('2. Refuses a provisioning envelope with a wrong MAC', async (world) => {
    await unlinkedVault(world);
    const restore = changeProvisioning({body: (bytes) => { bytes[bytes.length - 1] ^= 1; }});
    try {
        const {linking} = await scan(world);
        await assert.rejects(within('linking fails', linking.done));
    } finally {
        restore();
    }
    assert.equal(world.mock.requestsTo('PUT', kLinkPath).length, 0);
    await assertNotLinked(world);
});

scenario('3. Refuses an envelope of another version', async (world) => {
    await unlinkedVault(world);
    const restore = changeProvisioning({version: 2});
    try {
        const {linking} = await scan(world);
        await assert.rejects(within('linking fails', linking.done));
    } finally {
        restore();
    }
    assert.equal(world.mock.requestsTo('PUT', kLinkPath).length, 0);
    await assertNotLinked(world);
});

scenario('4. Gives up when the link reply names another account, and stores nothing', async (world) => {
    await unlinkedVault(world);
    world.mock.tamper = (request, response) => {
        if (request.verb !== 'PUT' || !kLinkPath.test(request.path)) return undefined;
        const body = JSON.parse(response.body.toString());
        body.uuid = world.bob.device.aci;
        return {...response, body: Buffer.from(JSON.stringify(body))};
    };
    const {linking} = await scan(world);
    await assert.rejects(within('linking fails', linking.done));
    await assertNotLinked(world);
    world.mock.tamper = undefined;
    await world.link();
    assert.equal(world.linked.aci, world.me.device.aci);
});

scenario('5. Shows a new code when the socket closes before the scan; the old one is dead',
    async (world) => {
        await unlinkedVault(world);
        const linking = world.api.link();
        const first = await within('first socket', world.mock.server.waitForProvision());
        const oldUri = await linking.uri(1);
        world.mock.cutConnections();
        const second = await within('second socket', world.mock.server.waitForProvision());
        const newUri = await linking.uri(2);
        assert.notEqual(newUri, oldUri);
        first.complete({provisionURL: oldUri, primaryDevice: world.me}).catch(() => undefined);
        assert.equal(world.mock.requestsTo('PUT', kLinkPath).length, 0);
        const complete = second.complete({provisionURL: newUri, primaryDevice: world.me});
        const linked = await within('linked', linking.done);
        assert.equal(linked.aci, world.me.device.aci);
        await within('keys uploaded', complete);
    });

for (const [name, missing] of [
    ['master key alone', 'accountEntropyPool'], ['account entropy pool alone', 'masterKey'],
]) {
    scenario(`7. Links with the ${name}`, async (world) => {
        await unlinkedVault(world);
        const restore = changeProvisioning({message: (fields) => { fields[missing] = null; }});
        try {
            await world.link();
        } finally {
            restore();
        }
        assert.equal((await world.api.status()).account, 'ACCOUNT_STATE_LINKED');
    });
}

scenario('9. Uploads one-time keys for both identities', async (world) => {
    await unlinkedVault(world, {contacts: []});
    await world.link();
    for (const kind of [ServiceIdKind.ACI, ServiceIdKind.PNI]) {
        const [upload] = world.mock.requestsTo('PUT', new RegExp(`^/v2/keys\\?identity=${kind}`, 'i'))
            .filter((request) => request.status === 200)
            .map((request) => JSON.parse(request.body.toString()));
        assert.equal(upload.preKeys.length, 100, kind);
        assert.equal(upload.pqPreKeys.length, 100, kind);
        // Asking for one's own account's keys may use one up.
        assert.ok(await world.device.getPreKeyCount(kind) >= 98, kind);
        assert.ok(await world.device.getKyberPreKeyCount(kind) >= 98, kind);
    }
});

scenario('10. Asks the phone for contacts, blocked and configuration', async (world) => {
    await unlinkedVault(world);
    await world.link();
    for (const name of ['CONTACTS', 'BLOCKED', 'CONFIGURATION']) {
        assert.ok(world.me.syncRequests.includes(kRequest[name]), name);
    }
});

scenario('The phone is asked once, not at every connection', async (world) => {
    await linkedWorld(world);
    await world.settled();
    const asked = world.me.syncRequests.length;
    for (let i = 0; i < 2; i += 1) {
        await world.nacre.stop();
        await world.nacre.start({state: 'LOCKED'});
        await world.unlock();
        await world.api.connected();
        // What a new connection sets off comes before what is sent after it.
        const {id: conversation} = await world.conversationWith(world.bob);
        const answer = await world.api.send(conversation, `after ${i}`);
        await world.state(answer.id, 'SENT', 'DELIVERED');
        await world.settled();
    }
    assert.equal(world.me.syncRequests.length, asked);
    assert.equal(asked, 4);
});

// A contact list as phones send it: lengths before each entry, pictures behind those that have one.
function contactBlob(people) {
    const varint = (value) => {
        const bytes = [];
        for (let rest = value; ; rest >>>= 7) {
            bytes.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
            if (rest <= 0x7f) return Buffer.from(bytes);
        }
    };
    return Buffer.concat(people.flatMap(({avatar, ...person}) => {
        const details = Buffer.from(Proto.ContactDetails.encode({
            aciBinary: null, number: null, name: null, expireTimer: null, expireTimerVersion: null,
            inboxPosition: null, aci: null, ...person,
            avatar: avatar ? {contentType: 'image/png', length: avatar.length} : null,
        }));
        return [varint(details.length), details, ...(avatar ? [avatar] : [])];
    }));
}

scenario('11. Takes in contact lists of several sizes, with pictures between the entries',
    async (world) => {
        await unlinkedVault(world, {contacts: []});
        const people = Array.from({length: 300}, (_, n) => ({
            aciBinary: Buffer.from(`${n}`.padStart(16, '\x01'), 'latin1'),
            number: n % 3 === 0 ? null : `+1555${String(n).padStart(7, '0')}`,
            name: `Person ${n} ${'ñ日'.repeat(n % 40)}`,
            avatar: n % 7 === 0 ? Buffer.alloc(1000 + n, n) : undefined,
        }));
        const blob = encryptAttachment(contactBlob(people));
        const cdnKey = await world.mock.server.storeAttachment(blob.blob);
        Object.assign(world.me.contactsBlob, {
            key: blob.key, size: blob.size, digest: blob.digest,
            attachmentIdentifier: {cdnKey},
        });
        await world.link();
        const found = await until('300 contacts', async () => {
            const recipients = await world.api.recipients();
            return recipients.filter((one) => one.name.startsWith('Person ')).length === 300 &&
                recipients;
        });
        const byName = new Map(found.map((recipient) => [recipient.name, recipient]));
        for (const person of people) {
            assert.equal(byName.get(person.name)?.number, person.number ?? '', person.name);
        }
    });

scenario('12. Asks the phone for keys when linking brought none', async (world) => {
    await unlinkedVault(world);
    const restore = changeProvisioning({
        message: (fields) => { fields.masterKey = null; fields.accountEntropyPool = null; },
    });
    try {
        await world.link();
    } finally {
        restore();
    }
    await until('KEYS asked for', () => world.me.syncRequests.includes(kRequest.KEYS));
    await world.api.connected();
});

scenario('13. The device name is for the account alone to read', async (world) => {
    await unlinkedVault(world);
    await world.link({deviceName: 'Küche 🐚'});
    const [request] = world.mock.requestsTo('PUT', kLinkPath);
    const {accountAttributes} = JSON.parse(request.body.toString());
    const name = decryptDeviceName(Buffer.from(accountAttributes.name, 'base64'),
        await world.me.getIdentityKey(ServiceIdKind.ACI));
    assert.equal(name, 'Küche 🐚');
    assert.ok(!request.body.toString().includes('Küche'));
});
