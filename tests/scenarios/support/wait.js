// Waiting for conditions. Nothing here stands for "long enough": each wait ends with its condition,
// or fails when the time it may take is over.

const kTimeoutMs = 30_000;

// Resolves with the first truthy value of `condition`, asked again every few milliseconds. For
// what has no event of its own: processes, files, states of the server.
export async function until(what, condition, timeoutMs = kTimeoutMs) {
    const end = Date.now() + timeoutMs;
    for (;;) {
        const value = await condition();
        if (value) return value;
        if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

// The promise's value, or an error that says what was waited for.
export async function within(what, promise, timeoutMs = kTimeoutMs) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not within ${timeoutMs} ms: ${what}`)), timeoutMs);
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        clearTimeout(timer);
    }
}

// Asserts that a condition stays false while `work` runs to its end.
export async function neverDuring(what, condition, work) {
    const result = await work();
    if (await condition()) throw new Error(`happened: ${what}`);
    return result;
}
