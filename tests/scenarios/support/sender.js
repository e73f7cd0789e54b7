// A phone that does what mock-server's never does: odd padding, other certificates, other
// addresses. Takes the phone's own sessions, so that what is right about the message stays right.

import {createRequire} from 'node:module';

import {EnvelopeKind, encodeEnvelope} from './content.js';
import {Proto, ServiceIdKind} from './mock.js';

const require = createRequire(import.meta.url);
const signal = require('@signalapp/libsignal-client');

export function encodeContent(content) {
    return Buffer.from(Proto.Content.encode(content));
}

// Content ‖ 0x80 ‖ zeros.
export function pad(bytes, zeros = 0) {
    return Buffer.concat([bytes, Buffer.from([0x80]), Buffer.alloc(zeros)]);
}

// An envelope around exactly these plaintext bytes.
export async function encryptBytes(phone, device, plaintext, options = {}) {
    const {sealed = false, timestamp = Date.now(), certificate = phone.senderCertificate} = options;
    const identity = phone.identity.get(ServiceIdKind.ACI);
    const times = {serverTimestamp: BigInt(timestamp), clientTimestamp: BigInt(timestamp)};
    if (sealed) {
        const content = await signal.sealedSenderEncryptMessage(
            plaintext, device.address, certificate, phone.sessions, identity);
        return encodeEnvelope({
            type: EnvelopeKind.UNIDENTIFIED_SENDER, content, ...times,
            destinationServiceIdBinary: device.aciBinary,
        });
    }
    const ciphertext = await signal.signalEncrypt(
        plaintext, device.address, phone.device.address, phone.sessions, identity);
    const ratcheted = ciphertext.type() === signal.CiphertextMessageType.Whisper;
    return encodeEnvelope({
        type: ratcheted ? EnvelopeKind.DOUBLE_RATCHET : EnvelopeKind.PREKEY_MESSAGE,
        content: ciphertext.serialize(), ...times,
        sourceServiceIdBinary: phone.device.aciBinary, sourceDeviceId: phone.device.deviceId,
        destinationServiceIdBinary: device.aciBinary,
    });
}

export {signal};
