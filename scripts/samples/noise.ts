/** Pseudo-random numbers in 0..1, the same sequence for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Smooth value noise in 0..1, one feature per unit. */
export function noise(x: number, y: number): number {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  const [u, v] = [smooth(x - column), smooth(y - row)];
  const top = mix(lattice(column, row), lattice(column + 1, row), u);
  const bottom = mix(lattice(column, row + 1), lattice(column + 1, row + 1), u);
  return mix(top, bottom, v);
}

/** Fractal noise in 0..1: octaves of twice the frequency and half the height. */
export function fractal(x: number, y: number, octaves: number): number {
  let [sum, total] = [0, 0];
  for (let octave = 0; octave < octaves; octave++) {
    const [frequency, height] = [2 ** octave, 0.5 ** octave];
    sum += height * noise(x * frequency + 17.3 * octave, y * frequency + 31.7 * octave);
    total += height;
  }
  return sum / total;
}

/** From `a` at 0 to `b` at 1. */
export function mix(a: number, b: number, amount: number): number {
  return a + (b - a) * amount;
}

/** 0 below `low`, 1 above `high`, an S-curve between; falls instead where `low > high`. */
export function step(low: number, high: number, value: number): number {
  return smooth(Math.min(1, Math.max(0, (value - low) / (high - low))));
}

function smooth(t: number): number {
  return t * t * t * (t * (t * 6 - 15) + 10);
}

function lattice(x: number, y: number): number {
  let hash = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32;
}
