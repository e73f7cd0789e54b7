// EventLog: a client's view of WatchEvents. It checks what the API promises of the stream: sequence
// numbers without gaps, none twice.

import {within} from './wait.js';

export class EventLog {
    #waiting = [];
    #error;

    constructor(open, after, seen) {
        this.last = after;
        this.all = [...seen];
        this.stream = open();
        this.stream.on('data', (event) => this.#take(event));
        this.stream.on('error', (error) => { this.ended = error; });
    }

    #take(event) {
        if (this.last !== undefined && event.sequence !== this.last + 1) {
            this.#error = new Error(`event ${event.sequence} after ${this.last}`);
        }
        this.last = event.sequence;
        this.all.push(event);
        for (const wake of this.#waiting.splice(0)) wake();
    }

    ofKind(kind) {
        return this.all.filter((event) => event.kind === `KIND_${kind}`);
    }

    // The first event from `from` on for which `matches` gives something truthy: that value.
    // `matches` may be asynchronous.
    async wait(what, matches, timeoutMs = 30_000, from = 0) {
        const search = async () => {
            let next = from;
            for (;;) {
                for (; next < this.all.length; next += 1) {
                    const value = await matches(this.all[next]);
                    if (value) return value;
                }
                if (this.#error) throw this.#error;
                await new Promise((resolve) => this.#waiting.push(resolve));
            }
        };
        try {
            return await within(`event: ${what}`, search(), timeoutMs);
        } catch (error) {
            error.message += `; there were ${this.all.map((event) => event.kind.slice(5)).join(' ')}`;
            throw error;
        }
    }

    waitKind(kind, count = 1, timeoutMs = 30_000) {
        return this.wait(`${count} × ${kind}`,
            (event) => event.kind === `KIND_${kind}` && this.ofKind(kind).length >= count && event,
            timeoutMs);
    }

    close() {
        this.stream.on('error', () => undefined);
        this.stream.cancel();
        if (this.#error) throw this.#error;
    }
}
