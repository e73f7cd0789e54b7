// Figures: how the benchmarks report. With --json one object a line, else a line to read.

const kJson = process.argv.includes('--json');

export function note(text) {
    process.stderr.write(`${text}\n`);
}

// `ok` is judged by the caller; `ratio` is value to reference; a null target is none.
export function figure({name, value, unit, reference, target, ok}) {
    const rounded = Math.round(value * 100) / 100;
    const ratio = Math.round((value / reference) * 1000) / 1000;
    if (kJson) {
        console.log(JSON.stringify({name, value: rounded, unit, reference, ratio, target, ok}));
    } else {
        const verdict = target === null ? 'no target' : `target ${target}: ${ok ? 'met' : 'MISSED'}`;
        console.log(`${name}: ${rounded} ${unit}, reference ${reference}, ratio ${ratio}, ${verdict}`);
    }
    if (!ok) process.exitCode = 1;
}

export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
}
