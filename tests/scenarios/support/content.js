// What a phone may put into an envelope. mock-server's encoder wants every field named.

import {EMPTY_DATA_MESSAGE, Proto} from './mock.js';

const kNoSync = {stickerPackOperation: null, read: null, viewed: null, padding: null};
const kNoContent = {pniSignatureMessage: null, senderKeyDistributionMessage: null};

export function textContent(text, timestamp, fields = {}) {
    return {
        content: {
            dataMessage: {...EMPTY_DATA_MESSAGE, body: text, timestamp: BigInt(timestamp), ...fields},
        },
        ...kNoContent,
    };
}

export function transcriptContent(text, timestamp, destination, fields = {}) {
    const sent = {
        destinationServiceIdBinary: destination, timestamp: BigInt(timestamp),
        message: {...EMPTY_DATA_MESSAGE, body: text, timestamp: BigInt(timestamp)},
        destinationE164: null, unidentifiedStatus: null, isRecipientUpdate: null,
        expirationStartTimestamp: null, storyMessage: null, storyMessageRecipients: null,
        editMessage: null, destinationServiceId: null, ...fields,
    };
    return {content: {syncMessage: {content: {sent}, ...kNoSync}}, ...kNoContent};
}

// A field that no version of Signal has, behind a message that is otherwise known.
export function withUnknownField(encoded) {
    const unknown = Buffer.from([0xfa, 0xff, 0x03, 0x03, 1, 2, 3]); // field 8191, 3 bytes
    return Buffer.concat([Buffer.from(encoded), unknown]);
}

const kEmptyEnvelope = {
    sourceServiceIdBinary: null, sourceDeviceId: null, destinationServiceIdBinary: null,
    serverTimestamp: null, clientTimestamp: null, content: null, urgent: null, serverGuid: null,
    ephemeral: null, story: null, reportSpamToken: null, serverGuidBinary: null,
    updatedPniBinary: null, sourceServiceId: null, destinationServiceId: null, updatedPni: null,
};

export function encodeEnvelope(fields) {
    return Buffer.from(Proto.Envelope.encode({...kEmptyEnvelope, ...fields}));
}

export function decodeEnvelope(bytes) {
    return Proto.Envelope.decode(bytes);
}

export const EnvelopeKind = Proto.Envelope.Type;
