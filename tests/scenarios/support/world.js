// World: what most scenarios begin with: a server, an own phone with contacts, a running nacre,
// and, if wanted, a vault that is linked and in sync.

import {mkdtempSync, rmSync} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';

import {forbiddenCalls} from './cli.js';
import {Daemon} from './daemon.js';
import {Mock, ServiceIdKind} from './mock.js';
import {until, within} from './wait.js';

export const kPassphrase = 'correct horse battery staple';

export class World {
    friends = [];
    #closing = [];

    constructor(name) {
        this.folder = mkdtempSync(path.join(os.tmpdir(), 'nacre-scenario-'));
        this.name = name;
    }

    onClose(action) {
        this.#closing.push(action);
    }

    // contacts: names of the own phone's contacts; strangers: phones that it does not know.
    async boot({contacts = ['Bob'], strangers = [], server = {}, me = {}} = {}) {
        this.mock = await Mock.boot(this.folder, server);
        for (const name of contacts) this.friends.push(await this.mock.primary(name));
        [this.bob] = this.friends;
        this.strangers = [];
        for (const name of strangers) this.strangers.push(await this.mock.primary(name));
        this.me = await this.mock.primary('Me', {contacts: this.friends, ...me});
        return this;
    }

    config(options) {
        return `${this.mock.environment(options)}\n[vault]\nkdf_target_ms = 50\n`;
    }

    async startDaemon({bin = 'testbin', config, within: enter, ...options} = {}) {
        this.nacre = new Daemon(this.folder, config ?? this.config(), bin);
        if (enter) this.nacre.enter = enter;
        this.api = this.nacre.api;
        await this.nacre.start(options);
        return this;
    }

    async createVault(passphrase = kPassphrase) {
        this.created = await this.api.createVault(passphrase);
        this.events = this.api.events();
        return this;
    }

    // Scans the first code and goes on until the device is in sync with its phone.
    async link({deviceName, sync = true} = {}) {
        const linking = this.api.link(deviceName);
        const pending = await within('provisioning socket', this.mock.server.waitForProvision());
        const provisionURL = await linking.uri();
        const complete = pending.complete({provisionURL, primaryDevice: this.me});
        this.linked = await within('linked', linking.done);
        this.device = await within('keys uploaded', complete);
        if (sync) await within('synced', this.me.waitForSync(this.device));
        for (const phone of [...this.friends, ...this.strangers]) {
            await this.mock.introduce(phone, this.device);
        }
        return this;
    }

    // When the contacts asked of the phone stand in the vault.
    async contactsArrived() {
        await until('contacts', async () => {
            const names = (await this.api.recipients()).map((recipient) => recipient.name);
            return this.friends.every((friend) => names.includes(friend.profileName));
        });
        // Contacts, blocked, configuration, keys: an answer that comes later would be one envelope
        // more than a scenario counts.
        await until('all answered', () => this.me.syncRequests.length >= 4);
    }

    // Nothing is on its way in either direction: what linking set off has come to its end.
    async settled() {
        await until('settled', async () => {
            const status = await this.api.status();
            return this.mock.mailbox(this.device).waiting === 0 &&
                status.waiting_envelopes === 0 && status.outbox === 0;
        });
    }

    // Locked or unlocked again after a restart of any kind.
    async unlock(passphrase = kPassphrase) {
        await this.api.serving('LOCKED');
        const {last, all} = this.events ?? {last: 0, all: []};
        this.events?.close();
        const unlocked = await this.api.unlock(passphrase);
        this.events = this.api.events(last, all);
        return unlocked;
    }

    conversationWith(phone) {
        return this.api.openConversation(phone.device.aci);
    }

    // Everything between us and the phone, oldest first.
    async history(phone) {
        return this.api.messages((await this.conversationWith(phone)).id);
    }

    // The message with this text, as soon as the vault has it.
    async arrived(text, timeoutMs) {
        return this.events.wait(`message "${text.slice(0, 40)}"`, async (event) => {
            if (!['KIND_MESSAGE_RECEIVED', 'KIND_MESSAGE_SENT'].includes(event.kind)) return undefined;
            const message = await this.api.message(event.message_id);
            return message.text === text && message;
        }, timeoutMs);
    }

    // The message's state, once it is one of these.
    async state(messageId, ...states) {
        return until(`message ${states.join(' or ')}`, async () => {
            const message = await this.api.message(messageId);
            return states.includes(message.state.replace('STATE_', '')) && message;
        });
    }

    async close() {
        for (const action of this.#closing.reverse()) await action();
        try { this.events?.close(); } catch (error) { this.closeError = error; }
        this.api?.close();
        try {
            await this.nacre?.stop();
        } finally {
            await this.mock?.stop();
            rmSync(this.folder, {recursive: true, force: true});
        }
        // Said by the test binaries alone; what is started again would hide it.
        const forbidden = [...this.nacre?.log.match(/^.*forbidden system call.*$/gm) ?? [], ...forbiddenCalls()];
        if (forbidden.length > 0) throw new Error(forbidden.join('\n'));
        if (this.closeError) throw this.closeError;
    }
}

// A linked, unlocked, connected world.
export async function linkedWorld(world, options = {}) {
    await world.boot(options);
    await world.startDaemon(options);
    await world.createVault();
    await world.link(options);
    if (options.sync !== false) await world.contactsArrived();
    await world.api.connected();
    return world;
}

// One scenario: its number and name, and a world of its own that is taken down after it. When it
// fails, what the daemons logged is printed.
export function scenario(name, body, {timeout = 90_000} = {}) {
    test(name, {timeout}, async (t) => {
        const world = new World(name);
        let failed = true;
        try {
            await body(world, t);
            failed = false;
        } finally {
            if (failed) console.error(`--- what nacre logged in "${name}"\n${world.nacre?.log ?? ''}---`);
            try {
                await world.close();
            } catch (error) {
                if (!failed) throw error;
            }
        }
    });
}

export {ServiceIdKind};
