// Goal: the scanner can fail. It finds what lies in a process, in an unlinked file that is open, in
// a file, and in a process that has run its last instruction.

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';

import {canary} from './canaries.js';
import {Scanner} from './scanner.js';

const kHolder = `
import mmap, os, sys
kept = [bytes.fromhex(line) for line in iter(lambda: sys.stdin.readline().strip(), "")]
hidden = mmap.mmap(-1, 8192)
hidden.write(kept[-1])
libc = __import__("ctypes").CDLL(None)
where = __import__("ctypes").addressof(__import__("ctypes").c_char.from_buffer(hidden))
libc.mprotect(__import__("ctypes").c_void_p(where), 8192, 0)
memfd = os.memfd_create("kept")
os.write(memfd, kept[0])
print("ready", flush=True)
sys.stdin.readline()
os._exit(0)
`;

// A process that keeps these bytes, the last of them unreadable, and ends when told.
async function holder(t, pieces) {
    const child = spawn('python3', ['-c', kHolder], {stdio: ['pipe', 'pipe', 'inherit']});
    t.after(() => child.kill('SIGKILL'));
    child.stdin.write(`${pieces.map((piece) => piece.toString('hex')).join('\n')}\n\n`);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    return {pid: child.pid, end: () => child.stdin.end('\n')};
}

const forms = (report) => [...new Set(report.hits.map((hit) => hit.what))].sort();

test('The scanner finds texts and keys in every form', async (t) => {
    const text = canary();
    const key = Buffer.from(canary() + canary()).subarray(0, 32);
    const le = Buffer.from(text, 'utf16le');
    const {pid} = await holder(t, [
        Buffer.from(text), le, Buffer.from(le).swap16(), key, Buffer.from(key.toString('hex')),
        Buffer.from(key.toString('hex').toUpperCase()), Buffer.from(key.toString('base64')),
    ]);
    const scanner = new Scanner({texts: {text}, keys: {key}});
    t.after(() => scanner.close());
    const report = await scanner.processes([pid]);
    assert.deepEqual(forms(report), ['key, HEX', 'key, base64', 'key, hex', 'key, raw',
        'text, UTF-16BE', 'text, UTF-16LE', 'text, UTF-8']);
    assert.ok(report.hits.some((hit) => hit.where.includes('memfd:kept')));
    assert.ok(report.bytes > 1 << 20);
});

test('The scanner finds what is left of a text, and unreadable pages', async (t) => {
    const [rest, hidden, absent] = [canary(), canary(), canary()];
    const {pid} = await holder(t, [Buffer.from(`................${rest.slice(13)}`), Buffer.from(hidden)]);
    const scanner = new Scanner({texts: {rest, hidden, absent}});
    t.after(() => scanner.close());
    const report = await scanner.processes([pid]);
    assert.deepEqual([...report.names()].sort(), ['hidden', 'rest']);
    assert.ok(report.hits.some((hit) => hit.where.includes('---')));
});

test('The scanner finds what a process leaves at its end', async (t) => {
    const [kept, absent] = [canary(), canary()];
    const {pid, end} = await holder(t, [Buffer.from(kept)]);
    const scanner = new Scanner({texts: {kept, absent}});
    t.after(() => scanner.close());
    const {done} = await scanner.atExit(pid);
    end();
    const report = await done;
    assert.deepEqual([...report.names()], ['kept']);
    assert.match(report.scanned[0].where, /exited 0$/);
});

test('The scanner finds files, below folders and across its own blocks', async (t) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'nacre-scan-'));
    t.after(() => rmSync(folder, {recursive: true}));
    const [kept, cut] = [canary(), canary()];
    const since = Date.now();
    writeFileSync(path.join(folder, 'cut'), Buffer.concat([Buffer.alloc((4 << 20) - 9), Buffer.from(cut)]));
    writeFileSync(path.join(folder, 'kept'), ` ${kept}`);
    const scanner = new Scanner({texts: {kept, cut}});
    t.after(() => scanner.close());
    assert.deepEqual([...(await scanner.folders([folder], since)).names()].sort(), ['cut', 'kept']);
    assert.deepEqual([...(await scanner.folders([folder], Date.now() + 60_000)).names()], []);
});
