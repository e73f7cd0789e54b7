// Mailbox: a device's queue at the server, as the real one keeps it.
//
// mock-server's own queue lets new messages overtake waiting ones after a reconnection, and it
// forgets the order of what was under way when a socket died. The real server stores first and
// delivers in order; what was not acknowledged comes again, first, on the next connection.

export class Mailbox {
    #entries = [];
    #socket;
    #generation = 0;
    #held = false;
    delivered = 0; // acknowledged with 200

    get waiting() {
        return this.#entries.length;
    }

    // Resolves when the device has acknowledged.
    push(message) {
        return new Promise((resolve) => {
            this.#entries.push({message, resolve, sent: 0});
            this.#pump();
        });
    }

    // Keeps what comes until release(), as when many messages are to arrive at once.
    hold() {
        this.#held = true;
    }

    release() {
        this.#held = false;
        this.#pump();
    }

    // Throws away what is waiting.
    clear() {
        this.#entries = [];
    }

    attach(socket) {
        this.#socket = socket;
        this.#generation += 1;
        this.#pump();
        if (!this.#held) socket.sendMessage('empty').catch(() => undefined);
    }

    detach(socket) {
        if (this.#socket === socket) this.#socket = undefined;
    }

    #pump() {
        if (this.#held || this.#socket === undefined || this.#socket.ws.readyState !== 1) return;
        for (const entry of this.#entries) {
            if (entry.sent !== this.#generation) this.#deliver(entry);
        }
    }

    async #deliver(entry) {
        entry.sent = this.#generation;
        try {
            await this.#socket.sendMessage(entry.message);
        } catch {
            return; // no 200: it stays, and comes again on the next connection
        }
        this.delivered += 1;
        this.#entries = this.#entries.filter((other) => other !== entry);
        entry.resolve();
    }
}
