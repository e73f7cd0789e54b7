// Figures: how the benchmarks report. With --json one object a line, else a line to read.

const kJson = process.argv.includes('--json');

export function note(text) {
    process.stderr.write(`${text}\n`);
}

// `ok` is judged by the caller; `ratio` is value to reference.
export function figure({name, value, unit, reference, target, ok}) {
    const rounded = Math.round(value * 100) / 100;
    const ratio = Math.round((value / reference) * 1000) / 1000;
    if (kJson) {
        console.log(JSON.stringify({name, value: rounded, unit, reference, ratio, target, ok}));
    } else {
        console.log(`${name}: ${rounded} ${unit}, reference ${reference}, ratio ${ratio}, ` +
            `target ${target}: ${ok ? 'met' : 'MISSED'}`);
    }
    if (!ok) process.exitCode = 1;
}

export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
}
