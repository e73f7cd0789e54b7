// Canaries: strings that no program has of itself, to be planted and looked for again.

import crypto from 'node:crypto';

const kLetters = 'abcdefghijklmnopqrstuvwxyz234567';

// 28 letters and digits, 140 random bits. In lower case, as the search index folds texts.
export function canary() {
    return Array.from(crypto.randomBytes(28), (byte) => kLetters[byte % 32]).join('');
}

// {'text 0': …, 'text 1': …}
export function canaries(name, count) {
    return Object.fromEntries(Array.from({length: count}, (_, n) => [`${name} ${n}`, canary()]));
}
