// Api: nacre.v1 from Node, as any client would use it.

import path from 'node:path';
import {fileURLToPath} from 'node:url';

import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

import {EventLog} from './events.js';
import {sendSecret} from './secret.js';
import {until, within} from './wait.js';

const kProtoFolder = fileURLToPath(new URL('../../../api/proto', import.meta.url));
const definition = protoLoader.loadSync(
    ['vault', 'linking', 'conversations', 'messages', 'events', 'slots'].map((n) => `nacre/v1/${n}.proto`),
    {includeDirs: [kProtoFolder], keepCase: true, longs: Number, enums: String, defaults: true,
        oneofs: true});
const {nacre: {v1: services}} = grpc.loadPackageDefinition(definition);
export const Code = grpc.status;

// The daemon ended meanwhile, or is not there yet. (grpc-js calls a connection that breaks in the
// middle of a call INTERNAL.)
function isGone(error) {
    return [Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.CANCELLED].includes(error.code) ||
        (error.code === Code.INTERNAL && error.details.includes('RST_STREAM'));
}

export class Api {
    token = '';
    #clients = {};

    constructor(runtimeFolder) {
        this.socket = path.join(runtimeFolder, 'api.sock');
        this.secretSocket = path.join(runtimeFolder, 'secret.sock');
        this.#connect();
    }

    #connect() {
        for (const name of ['Vault', 'Linking', 'Conversations', 'Messages', 'Events', 'Slots']) {
            this.#clients[name] = new services[`${name}Service`](
                `unix:${this.socket}`, grpc.credentials.createInsecure(),
                {'grpc.initial_reconnect_backoff_ms': 50, 'grpc.max_reconnect_backoff_ms': 200,
                    'grpc.use_local_subchannel_pool': 1,
                    'grpc.max_receive_message_length': 64 << 20});
        }
    }

    close() {
        for (const client of Object.values(this.#clients)) client.close();
    }

    #metadata() {
        const metadata = new grpc.Metadata();
        if (this.token) metadata.set('authorization', `Bearer ${this.token}`);
        return metadata;
    }

    // One call, one answer. Errors carry gRPC's code and, as `reason`, that of ErrorInfo.
    call(service, method, request = {}, timeoutMs = 30_000) {
        return new Promise((resolve, reject) => {
            this.#clients[service][method](request, this.#metadata(),
                {deadline: Date.now() + timeoutMs}, (error, answer) => {
                    if (error) reject(withReason(error));
                    else resolve(answer);
                });
        });
    }

    stream(service, method, request = {}) {
        return this.#clients[service][method](request, this.#metadata());
    }

    status() {
        return this.call('Vault', 'GetStatus', {}, 5000);
    }

    // Once it answers: in the state asked for, if one is.
    async serving(state) {
        return until(`API serving${state ? `, ${state}` : ''}`, async () => {
            try {
                const status = await this.status();
                return (!state || status.vault === `VAULT_STATE_${state}`) && status;
            } catch (error) {
                if (isGone(error)) return undefined;
                throw error;
            }
        });
    }

    // Also past the end of a daemon that is meant to die meanwhile.
    async connected() {
        return until('connected', async () => {
            try {
                const status = await this.status();
                return status.connection === 'CONNECTION_CONNECTED' && status;
            } catch (error) {
                if (isGone(error)) return undefined;
                throw error;
            }
        });
    }

    // Runs CreateVault or Unlock: sends the secret when the ticket comes; the last reply.
    #withSecret(method, request, passphrase, done) {
        return new Promise((resolve, reject) => {
            const stream = this.stream('Vault', method, request);
            let last;
            stream.on('data', (answer) => {
                if (answer.step === 'ticket') {
                    sendSecret(this.secretSocket, answer.ticket, passphrase).catch(reject);
                } else if (answer.step === done) {
                    last = answer[done];
                }
            });
            stream.on('error', (error) => reject(withReason(error)));
            stream.on('end', () => {
                if (last === undefined) reject(new Error(`${method} ended without ${done}`));
                else resolve(last);
            });
        });
    }

    async createVault(passphrase, clientName = 'scenarios') {
        const created = await within('vault created', this.#withSecret(
            'CreateVault', {client_name: clientName}, passphrase, 'created'));
        this.token = created.token;
        return created;
    }

    unlock(passphrase, options = {}) {
        return within('unlocked', this.#withSecret('Unlock', options, passphrase, 'unlocked'));
    }

    // A call of SlotsService that asks for secrets: `secrets` answer one after the other; the last
    // reply's `done`.
    slot(method, request, secrets, done, onReply = () => undefined) {
        return new Promise((resolve, reject) => {
            const stream = this.stream('Slots', method, request);
            const left = [...secrets];
            let last;
            stream.on('data', (answer) => {
                onReply(answer);
                if (answer.step === 'secret') {
                    sendSecret(this.secretSocket, answer.secret.ticket, left.shift()).catch(reject);
                } else if (answer.step === done) {
                    last = answer[done];
                }
            });
            stream.on('error', (error) => (last ? resolve(last) : reject(withReason(error))));
            stream.on('end', () => resolve(last));
        });
    }

    async lock() {
        try {
            await this.call('Vault', 'Lock');
        } catch (error) {
            // The process may be gone before its answer is out.
            if (!isGone(error)) throw error;
        }
        await this.serving('LOCKED');
    }

    // The stream of linking states, as they come: {uris, steps, linked, done, cancel()}.
    link(deviceName = 'nacre scenario') {
        const stream = this.stream('Linking', 'Link', {device_name: deviceName});
        const linking = {uris: [], steps: [], linked: undefined, cancel: () => stream.cancel()};
        linking.done = new Promise((resolve, reject) => {
            stream.on('data', (answer) => {
                if (answer.state === 'uri') linking.uris.push(answer.uri.uri);
                else if (answer.state === 'progress') linking.steps.push(answer.progress.step);
                else linking.linked = answer.linked;
            });
            stream.on('error', (error) => reject(withReason(error)));
            stream.on('end', () => resolve(linking.linked));
        });
        linking.done.catch(() => undefined);
        linking.uri = (n = 1) => until(`link URI ${n}`, async () => {
            if (linking.uris.length >= n) return linking.uris[n - 1];
            const ended = await Promise.race([linking.done.then(() => true), Promise.resolve(false)]);
            if (ended) throw new Error('linking ended without a URI');
            return undefined;
        }, n === 1 ? 30_000 : 120_000);
        return linking;
    }

    // `seen`: events up to `after`, from an earlier stream.
    events(after = 0, seen = []) {
        return new EventLog(() => this.stream('Events', 'WatchEvents', {after}), after, seen);
    }

    async conversations() {
        return (await this.call('Conversations', 'ListConversations')).conversations;
    }

    // Every recipient, over all pages.
    async recipients(query = '') {
        return this.#all('Conversations', 'ListRecipients', {query, page_size: 100}, 'recipients');
    }

    // Every message of a conversation, oldest first.
    async messages(conversationId, pageSize = 500) {
        const latestFirst = await this.#all('Messages', 'ListMessages',
            {conversation_id: conversationId, page_size: pageSize}, 'messages');
        return latestFirst.reverse();
    }

    async #all(service, method, request, field) {
        const items = [];
        let token = '';
        do {
            const page = await this.call(service, method, {...request, page_token: token});
            items.push(...page[field]);
            token = page.next_page_token;
        } while (token !== '');
        return items;
    }

    async message(id) {
        return (await this.call('Messages', 'GetMessage', {id})).message;
    }

    async search(query, conversationId = '') {
        return (await this.call('Messages', 'SearchMessages',
            {query, conversation_id: conversationId})).hits;
    }

    async openConversation(recipient) {
        return (await this.call('Conversations', 'OpenConversation', {recipient})).conversation;
    }

    async send(conversationId, text, clientRequestId = '') {
        return (await this.call('Messages', 'SendMessage',
            {conversation_id: conversationId, text, client_request_id: clientRequestId})).message;
    }
}

// ErrorInfo.reason from grpc-status-details-bin: google.rpc.Status{3: Any{2: ErrorInfo{1: reason}}}.
export function withReason(error) {
    const details = error.metadata?.get?.('grpc-status-details-bin')?.[0];
    if (details) error.reason = /[A-Z][A-Z0-9_]{3,}/.exec(Buffer.from(details).toString('latin1')
        .replace(/^[\s\S]*google\.rpc\.ErrorInfo/, ''))?.[0];
    return error;
}
