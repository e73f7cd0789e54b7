// The courier's spool as it stands on the disk: daemon/spool/FORMAT.md.

import {readFileSync, readdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';

const kHeadBytes = 4256;
const kFrameBytes = 44;

export function spoolFolder(nacre) {
    return path.join(nacre.state, 'courier/spool');
}

// The segment files, oldest first.
export function segments(nacre) {
    const folder = spoolFolder(nacre);
    return readdirSync(folder).filter((name) => name.endsWith('.seg')).sort()
        .map((name) => path.join(folder, name));
}

// The newest segment that holds records: {file, bytes, records: [{sequence, at, end}]}.
export function newestSegment(nacre) {
    for (const file of segments(nacre).reverse()) {
        const bytes = readFileSync(file);
        const records = [];
        for (let at = kHeadBytes; at + kFrameBytes <= bytes.length;) {
            const end = at + kFrameBytes + bytes.readUInt32LE(at);
            records.push({sequence: Number(bytes.readBigUInt64LE(at + 4)), at, end});
            at = end;
        }
        if (records.length > 0) return {file, bytes, records};
    }
    throw new Error('no record in the spool');
}

// Writes in place, as something that is not nacre would.
export function overwrite(segment, bytes) {
    writeFileSync(segment.file, bytes);
}
