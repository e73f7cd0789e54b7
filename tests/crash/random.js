// mulberry32: small, and the same everywhere.
export function random(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
}

// Kills one of the three at a moment within `spreadMs`, and starts nacred again if it was nacred.
// The moment is the point here: anywhere in what was just set off.
export async function killOne(world, roll, spreadMs = 120) {
    const victim = ['nacre-courier', 'nacre-vaultd', 'nacred'][Math.floor(roll() * 3)];
    await new Promise((resolve) => setTimeout(resolve, roll() * spreadMs));
    if (victim === 'nacred') {
        await world.nacre.killAll();
        await world.nacre.start();
    } else {
        await world.nacre.kill(victim);
    }
    return victim;
}
