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

// Kills one of the three, or all at once, at a moment within `spreadMs`, and starts nacred again if it
// was killed; without it the others must end by themselves. The moment is the point here: anywhere in
// what was just set off.
export async function killOne(world, roll, spreadMs = 120) {
    const victim = ['nacre-courier', 'nacre-vaultd', 'nacred', 'all'][Math.floor(roll() * 4)];
    await new Promise((resolve) => setTimeout(resolve, roll() * spreadMs));
    if (victim === 'nacred' || victim === 'all') {
        if (victim === 'all') await world.nacre.killAll();
        else await world.nacre.killSupervisor();
        await world.nacre.start();
    } else {
        await world.nacre.kill(victim);
    }
    return victim;
}
