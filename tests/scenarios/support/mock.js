// Mock: Signal's own test server on loopback, with what the scenarios need beside it: mailboxes
// that keep their order, a log of requests, connections that can be cut, and primaries that take a
// message sent twice as real clients do.

import {execFileSync} from 'node:child_process';
import {createRequire} from 'node:module';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';

import {Mailbox} from './mailbox.js';
import {until} from './wait.js';

const require = createRequire(import.meta.url);
export const {
    Server, ServiceIdKind, ReceiptType, EnvelopeType, Proto, EMPTY_DATA_MESSAGE, loadCertificates,
} = require('@signalapp/mock-server');
const {Connection} = require('@signalapp/mock-server/src/server/ws');

const loggedServers = new WeakMap();
const handleRequest = Connection.prototype.handleRequest;
Connection.prototype.handleRequest = async function logged(request) {
    const mock = loggedServers.get(this.server);
    if (mock === undefined) return handleRequest.call(this, request);
    const entry = {
        verb: request.verb, path: request.path, headers: request.headers ?? [],
        body: request.body ? Buffer.from(request.body) : Buffer.alloc(0),
        authenticated: this.device !== undefined, device: this.device?.deviceId,
    };
    const answer = mock.intercept?.(entry);
    let response = answer ?? (await handleRequest.call(this, request));
    response = mock.tamper?.(entry, response) ?? response;
    entry.status = response.status;
    mock.requests.push(entry);
    mock.afterRequest?.(entry);
    return response;
};

// A reply for `intercept`: what the server says in place of the mock.
export function reply(status, json = {}) {
    return {
        status, message: null, headers: ['Content-Type:application/json'],
        body: Buffer.from(JSON.stringify(json)),
    };
}

export class Mock {
    requests = [];   // {verb, path, headers, body, authenticated, status}
    logins = [];     // device ids, one a connection that authenticated
    intercept;       // (request) => reply or undefined
    tamper;          // (request, response) => another response or undefined
    afterRequest;    // (request) => void
    #mailboxes = new Map();
    #sockets = new Set();

    // folder: of the test's own. options: as mock-server's Server takes them.
    static async boot(folder, options = {}) {
        const mock = new Mock();
        const cdn3Path = path.join(folder, 'cdn3');
        mkdirSync(cdn3Path, {recursive: true});
        mock.certificates = await loadCertificates();
        mock.folder = folder;
        mock.server = new Server({cdn3Path, timeout: 120_000, ...options});
        loggedServers.set(mock.server, mock);
        mock.#orderMailboxes();
        await mock.server.listen(0, '127.0.0.1');
        mock.port = mock.server.address().port;
        mock.server.https.on('secureConnection', (socket) => {
            mock.#sockets.add(socket);
            socket.on('error', () => undefined);
            socket.on('close', () => mock.#sockets.delete(socket));
        });
        return mock;
    }

    get url() {
        return `https://localhost:${this.port}`;
    }

    #orderMailboxes() {
        const {server} = this;
        server.send = (device, message) => this.mailbox(device).push(message);
        server.addWebSocket = async (device, socket) => {
            server.webSockets.get(device)?.close(4409);
            server.webSockets.set(device, socket);
            this.logins.push(device.deviceId);
            this.mailbox(device).attach(socket);
        };
        const remove = server.removeWebSocket.bind(server);
        server.removeWebSocket = (device, socket) => {
            this.mailbox(device).detach(socket);
            remove(device, socket);
        };
    }

    mailbox(device) {
        let mailbox = this.#mailboxes.get(device);
        if (mailbox === undefined) {
            mailbox = new Mailbox();
            this.#mailboxes.set(device, mailbox);
        }
        return mailbox;
    }

    connected(device) {
        return this.server.webSockets.has(device);
    }

    // A phone. Messages that it has decrypted before are dropped, as Signal's clients drop them.
    async primary(profileName, options = {}) {
        const primary = await this.server.createPrimaryDevice({profileName, ...options});
        const handle = primary.handleEnvelope.bind(primary);
        primary.duplicates = 0;
        primary.syncRequests = [];
        const sync = primary.handleSync.bind(primary);
        primary.handleSync = async (source, message) => {
            await sync(source, message);
            const type = message.content?.request?.type;
            if (type != null) primary.syncRequests.push(type);
        };
        primary.handleEnvelope = async (source, kind, type, encrypted) => {
            try {
                await handle(source, kind, type, encrypted);
            } catch (error) {
                if (!/old counter|duplicate/i.test(error.message)) throw error;
                primary.duplicates += 1;
            }
        };
        return primary;
    }

    // Gives `writer` the keys with which it writes to the device first.
    async introduce(writer, device, kind = ServiceIdKind.ACI) {
        await writer.addSingleUseKey(device, await device.popSingleUseKey(kind), kind);
    }

    requestsTo(verb, pattern) {
        return this.requests.filter((entry) => entry.verb === verb && pattern.test(entry.path));
    }

    async waitRequest(verb, pattern, count = 1) {
        await until(`${count} × ${verb} ${pattern}`,
            () => this.requestsTo(verb, pattern).length >= count);
        return this.requestsTo(verb, pattern)[count - 1];
    }

    // Every TCP connection breaks; new ones are taken.
    cutConnections() {
        for (const socket of this.#sockets) socket.destroy();
    }

    // Nobody listens any more, until comeUp().
    async goDown() {
        const closed = new Promise((resolve) => this.server.https.close(resolve));
        this.cutConnections();
        await closed;
    }

    async comeUp() {
        await new Promise((resolve) => this.server.https.listen(this.port, '127.0.0.1', resolve));
    }

    async stop() {
        if (this.server.https.listening) await this.goDown();
    }

    // The [environment] table that leads nacre here.
    environment({caFile, chatUrl} = {}) {
        const ca = caFile ?? path.join(this.folder, 'ca.pem');
        if (caFile === undefined) writeFileSync(ca, this.certificates.certificateAuthority);
        const quoted = (value) => JSON.stringify(value);
        return [
            '[environment]',
            'name = "custom"',
            `chat_url = ${quoted(chatUrl ?? this.url)}`,
            `storage_url = ${quoted(`${this.url}/storageService`)}`,
            `ca_file = ${quoted(ca)}`,
            `trust_roots = [${this.certificates.serverTrustRoots.map(quoted).join(', ')}]`,
            `server_public_params = ${quoted(this.certificates.serverPublicParams)}`,
            `generic_server_public_params = ${quoted(this.certificates.genericServerPublicParams)}`,
            `backup_server_public_params = ${quoted(this.certificates.backupServerPublicParams)}`,
            `cdn.0 = ${quoted(this.url)}`,
            `cdn.2 = ${quoted(this.url)}`,
            `cdn.3 = ${quoted(`${this.url}/cdn3`)}`,
            '',
        ].join('\n');
    }
}

// A CA and a certificate of it for `host`, made on the spot: {ca, key, cert}, files and PEM texts.
export function makeCertificate(folder, host) {
    const at = (name) => path.join(folder, name);
    const openssl = (...args) => execFileSync('openssl', args, {stdio: 'pipe'});
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=test ca',
        '-keyout', at('other-ca.key'), '-out', at('other-ca.pem'));
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${host}`,
        '-keyout', at('other.key'), '-out', at('other.csr'));
    writeFileSync(at('other.ext'), `subjectAltName=DNS:${host}\n`);
    openssl('x509', '-req', '-in', at('other.csr'), '-CA', at('other-ca.pem'),
        '-CAkey', at('other-ca.key'), '-CAcreateserial', '-days', '30',
        '-extfile', at('other.ext'), '-out', at('other.pem'));
    return {
        caFile: at('other-ca.pem'), key: readFileSync(at('other.key')), cert: readFileSync(at('other.pem')),
    };
}
