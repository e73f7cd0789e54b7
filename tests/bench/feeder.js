// Feeder: pushes envelopes down a device's connection as fast as it takes them.
//
// mock-server spends more on a message than nacre does. So the frames are made before the clock
// starts, and acknowledgements are only counted.

import {Proto} from '../scenarios/support/mock.js';

const {WebSocketMessage} = Proto;
const kFirstId = 1_000_000_000n;

export function frames(envelopes) {
    return envelopes.map((body, n) => Buffer.from(WebSocketMessage.encode({
        type: WebSocketMessage.Type.REQUEST, response: null,
        request: {verb: 'PUT', path: '/api/v1/message', headers: null, body, id: kFirstId + BigInt(n)},
    })));
}

// Resolves when all have been acknowledged.
export function feed(connection, packets) {
    const {ws} = connection;
    const others = ws.listeners('message');
    ws.removeAllListeners('message');
    return new Promise((resolve, reject) => {
        let acknowledged = 0;
        const closed = () => reject(new Error('the connection closed while feeding'));
        const restore = () => {
            ws.off('close', closed);
            ws.removeAllListeners('message');
            for (const listener of others) ws.on('message', listener);
        };
        ws.on('message', (raw) => {
            const message = WebSocketMessage.decode(raw);
            if (message.type !== WebSocketMessage.Type.RESPONSE || message.response.id < kFirstId) {
                for (const listener of others) listener.call(ws, raw);
                return;
            }
            acknowledged += 1;
            if (acknowledged === packets.length) {
                restore();
                resolve();
            }
        });
        ws.once('close', closed);
        for (const packet of packets) ws.send(packet);
    });
}
