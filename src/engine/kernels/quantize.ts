/**
 * Quantizes float32 pixels to 7 bits: v = (x - offset) * factor by channel, then by each pixel's range: scale = (max - min) / 127,
 * q = (v - min) * (127 / (max - min)) rounded to nearest, ties to even; all 0 if max = min.
 *
 * q: uint8 `[n, 64]` in 0..127; range: float32 `[n, 2]`: scale, minimum; x, y: float32 `[n, 64]`; inputs: float32 offset `[64]`,
 * factor `[64]`; magnitudes of v below 2^126. n >= 4.
 * Each float operation rounds once, in the order written, so the result is the same everywhere.
 */

/**
 * The number of steps, the greatest float, and 1.5 * 2^23, near which floats are 1 apart: adding it rounds, and the sum's
 * bits minus its own are the integer. In memory, because V8 rebuilds a vector constant at each use.
 */
const CONSTANTS = memory.data<f32>([127, f32.MAX_VALUE, 12582912]);

/** v of four pixels at a time, so that the long chain of operations to one's range does not hold up the others. */
const VALUES = memory.data(1024, 16);

export function quantize(q: usize, range: usize, x: usize, inputs: usize, n: i32): void {
  const last = <usize>n - 4;
  for (let i: usize = 0; i < <usize>n; i += 4) {
    // The last four of a row may overlap the four before.
    const first = min(i, last);
    values(x + first * 256, inputs, range + first * 8);
    levels(q + first * 64, range + first * 8);
  }
}

/** {@link quantize} of x - y. */
export function quantizeDifference(q: usize, range: usize, x: usize, y: usize, inputs: usize, n: i32): void {
  const last = <usize>n - 4;
  for (let i: usize = 0; i < <usize>n; i += 4) {
    const first = min(i, last);
    for (let c = first * 256; c < first * 256 + 1024; c += 16) {
      v128.store(VALUES + c - first * 256, f32x4.sub(v128.load(x + c), v128.load(y + c)));
    }
    values(VALUES, inputs, range + first * 8);
    levels(q + first * 64, range + first * 8);
  }
}

/** Writes v of four pixels x, which may lie in VALUES, to VALUES, and max - min and min of each to `range`. */
function values(x: usize, inputs: usize, range: usize): void {
  for (let v = VALUES; v < VALUES + 1024; v += 256) {
    let least = f32x4.splat(f32.MAX_VALUE);
    let most = f32x4.splat(-f32.MAX_VALUE);
    for (let c: usize = 0; c < 256; c += 16) {
      const value = f32x4.mul(f32x4.sub(v128.load(x + c), v128.load(inputs + c)), v128.load(inputs + c, 256));
      v128.store(v + c, value);
      least = f32x4.pmin(least, value);
      most = f32x4.pmax(most, value);
    }
    span(range, least, most);
    range += 8;
    x += 256;
  }
}

/** Writes max - min and min over all lanes. */
function span(range: usize, least: v128, most: v128): void {
  least = f32x4.pmin(least, v128.shuffle<f32>(least, least, 2, 3, 0, 1));
  most = f32x4.pmax(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
  least = f32x4.pmin(least, v128.shuffle<f32>(least, least, 1, 0, 3, 2));
  most = f32x4.pmax(most, v128.shuffle<f32>(most, most, 1, 0, 3, 2));
  v128.store32_lane(range, f32x4.sub(most, least), 0);
  v128.store32_lane(range, least, 0, 4);
}

/** Writes q of the four pixels in VALUES, and the scale in place of max - min. */
function levels(q: usize, range: usize): void {
  const steps = v128.load32_splat(CONSTANTS);
  const greatest = v128.load32_splat(CONSTANTS, 4);
  const rounder = v128.load32_splat(CONSTANTS, 8);
  for (let v = VALUES; v < VALUES + 1024; v += 256) {
    const span = v128.load32_splat(range);
    const least = v128.load32_splat(range, 4);
    v128.store32_lane(range, f32x4.div(span, steps), 0);
    // Finite for a span of 0 too, so that 0 times it is 0.
    const rate = f32x4.pmin(f32x4.div(steps, span), greatest);
    for (let c: usize = 0; c < 256; c += 64) {
      v128.store(
        q,
        i8x16.narrow_i16x8_u(
          i16x8.narrow_i32x4_s(level(v + c, least, rate, rounder), level(v + c + 16, least, rate, rounder)),
          i16x8.narrow_i32x4_s(level(v + c + 32, least, rate, rounder), level(v + c + 48, least, rate, rounder)),
        ),
      );
      q += 16;
    }
    range += 8;
  }
}

/** (x - least) * rate as int32, to nearest even. */
function level(x: usize, least: v128, rate: v128, rounder: v128): v128 {
  const sum = f32x4.add(f32x4.mul(f32x4.sub(v128.load(x), least), rate), rounder);
  return i32x4.sub(sum, rounder);
}
