// What the phone sends when a code is scanned, changed before or after it is encrypted.

import crypto from 'node:crypto';
import {createRequire} from 'node:module';

import {Proto} from './mock.js';

const require = createRequire(import.meta.url);
const mockCrypto = require('@signalapp/mock-server/src/crypto');
const {PrivateKey, hkdf} = require('@signalapp/libsignal-client');

function encrypt(data, remoteKey, version) {
    const ephemeral = PrivateKey.generate();
    const secrets = hkdf(64, ephemeral.agree(remoteKey),
        Buffer.from('TextSecure Provisioning Message'), null);
    const iv = crypto.randomBytes(16);
    const cipher = crypto.createCipheriv('aes-256-cbc', secrets.slice(0, 32), iv);
    const signed = Buffer.concat([Buffer.from([version]), iv, cipher.update(data), cipher.final()]);
    const mac = crypto.createHmac('sha256', secrets.slice(32)).update(signed).digest();
    return {
        body: Buffer.concat([signed, mac]),
        ephemeralKey: Buffer.from(ephemeral.getPublicKey().serialize()),
    };
}

// For the rest of the process, or until restore(): message(fields) may change the ProvisionMessage,
// version stands before the ciphertext, body(bytes) may change the encrypted body.
export function changeProvisioning({message, version = 1, body}) {
    const original = mockCrypto.encryptProvisionMessage;
    mockCrypto.encryptProvisionMessage = (data, remoteKey) => {
        let plain = data;
        if (message) {
            const fields = Proto.ProvisionMessage.decode(data);
            message(fields);
            plain = Buffer.from(Proto.ProvisionMessage.encode(fields));
        }
        const encrypted = encrypt(plain, remoteKey, version);
        body?.(encrypted.body);
        return encrypted;
    };
    return () => { mockCrypto.encryptProvisionMessage = original; };
}

// The name in a DeviceName message, by the account's private identity key.
export function decryptDeviceName(encoded, identityKey) {
    const {PublicKey} = require('@signalapp/libsignal-client');
    const {ephemeralPublic, syntheticIv, ciphertext} = Proto.DeviceName.decode(encoded);
    const hmac = (key, data) => crypto.createHmac('sha256', key).update(data).digest();
    const secret = identityKey.agree(PublicKey.deserialize(ephemeralPublic));
    const key = hmac(hmac(secret, 'cipher'), syntheticIv);
    const cipher = crypto.createDecipheriv('aes-256-ctr', key, Buffer.alloc(16));
    const name = Buffer.concat([cipher.update(ciphertext), cipher.final()]);
    const expected = hmac(hmac(secret, 'auth'), name).subarray(0, 16);
    if (!expected.equals(Buffer.from(syntheticIv))) throw new Error('device name does not verify');
    return name.toString('utf8');
}

export const encryptAttachment = mockCrypto.encryptAttachment;
