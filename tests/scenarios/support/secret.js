// The secret socket: one message of 32 ticket bytes and the passphrase.

import net from 'node:net';

export function sendSecret(socketPath, ticket, passphrase) {
    return new Promise((resolve, reject) => {
        const socket = net.connect(socketPath);
        socket.on('error', reject);
        socket.on('connect', () => {
            socket.end(Buffer.concat([Buffer.from(ticket), Buffer.from(passphrase)]));
        });
        socket.on('close', () => resolve());
        socket.resume();
    });
}
