/**
 * Float32 pixels to 7 bit: each channel v = (x - offset) * factor, then each pixel by its own range: scale = (max - min) / 127,
 * q = (v - min) * (127 / (max - min)) rounded to nearest, ties to even; all 0 where max = min.
 *
 * q: uint8 `[n, 64]` in 0..127; range: float32 `[n, 2]`: scale, minimum; x, y: float32 `[n, 64]`; inputs: float32 offset `[64]`,
 * factor `[64]`; magnitudes of v below 2^126.
 * Each float operation rounds once, in the order written: one result everywhere.
 */

/**
 * The number of levels, the greatest float, and 1.5 * 2^23: where floats have a unit of 1, so that adding it rounds and the
 * sum's bits count from those of itself. In memory, because V8 builds a vector constant anew at each use.
 */
const CONSTANTS = memory.data<f32>([127, f32.MAX_VALUE, 12582912]);

/** v of so many pixels at a time: a pixel's long chain to its range does not hold up the levels of the others. */
const CHUNK = 4;
const VALUES = memory.data(1024, 16);

export function quantize(q: usize, range: usize, x: usize, inputs: usize, n: i32): void {
  for (let i = 0; i < n; i += CHUNK) {
    const count = min(CHUNK, n - i);
    for (let to = VALUES; to < VALUES + 256 * count; to += 256) {
      for (let c: usize = 0; c < 256; c += 16) store(to + c, v128.load(x + c), inputs + c);
      x += 256;
    }
    quantizeValues(q, range, count);
    q += 64 * CHUNK;
    range += 8 * CHUNK;
  }
}

/** {@link quantize} of x - y. */
export function quantizeDifference(q: usize, range: usize, x: usize, y: usize, inputs: usize, n: i32): void {
  for (let i = 0; i < n; i += CHUNK) {
    const count = min(CHUNK, n - i);
    for (let to = VALUES; to < VALUES + 256 * count; to += 256) {
      for (let c: usize = 0; c < 256; c += 16) store(to + c, f32x4.sub(v128.load(x + c), v128.load(y + c)), inputs + c);
      x += 256;
      y += 256;
    }
    quantizeValues(q, range, count);
    q += 64 * CHUNK;
    range += 8 * CHUNK;
  }
}

function store(to: usize, x: v128, inputs: usize): void {
  v128.store(to, f32x4.mul(f32x4.sub(x, v128.load(inputs)), v128.load(inputs, 256)));
}

function quantizeValues(q: usize, range: usize, n: i32): void {
  spans(range, VALUES, n);
  levels(q, range, VALUES, n);
}

/** Of each pixel max - min and min. */
function spans(range: usize, x: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    let least = f32x4.pmin(f32x4.pmin(least4(x), least4(x + 64)), f32x4.pmin(least4(x + 128), least4(x + 192)));
    let most = f32x4.pmax(f32x4.pmax(most4(x), most4(x + 64)), f32x4.pmax(most4(x + 128), most4(x + 192)));
    least = f32x4.pmin(least, v128.shuffle<f32>(least, least, 2, 3, 0, 1));
    most = f32x4.pmax(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
    least = f32x4.pmin(least, v128.shuffle<f32>(least, least, 1, 0, 3, 2));
    most = f32x4.pmax(most, v128.shuffle<f32>(most, most, 1, 0, 3, 2));
    v128.store32_lane(range, f32x4.sub(most, least), 0);
    v128.store32_lane(range, least, 0, 4);
    range += 8;
    x += 256;
  }
}

function least4(x: usize): v128 {
  return f32x4.pmin(f32x4.pmin(v128.load(x), v128.load(x, 16)), f32x4.pmin(v128.load(x, 32), v128.load(x, 48)));
}

function most4(x: usize): v128 {
  return f32x4.pmax(f32x4.pmax(v128.load(x), v128.load(x, 16)), f32x4.pmax(v128.load(x, 32), v128.load(x, 48)));
}

/** Writes q, and the scale in place of max - min. */
function levels(q: usize, range: usize, x: usize, n: i32): void {
  const steps = v128.load32_splat(CONSTANTS);
  const greatest = v128.load32_splat(CONSTANTS, 4);
  const rounder = v128.load32_splat(CONSTANTS, 8);
  for (let i = 0; i < n; i++) {
    const span = v128.load32_splat(range);
    const least = v128.load32_splat(range, 4);
    v128.store32_lane(range, f32x4.div(span, steps), 0);
    // Finite for a span of 0 too, so that 0 times it is 0.
    const rate = f32x4.pmin(f32x4.div(steps, span), greatest);
    for (let c: usize = 0; c < 64; c += 16) {
      const v = x + 4 * c;
      v128.store(
        q + c,
        i8x16.narrow_i16x8_u(
          i16x8.narrow_i32x4_s(level(v, least, rate, rounder), level(v + 16, least, rate, rounder)),
          i16x8.narrow_i32x4_s(level(v + 32, least, rate, rounder), level(v + 48, least, rate, rounder)),
        ),
      );
    }
    q += 64;
    range += 8;
    x += 256;
  }
}

/** (x - least) * rate as int32, to nearest even. */
function level(x: usize, least: v128, rate: v128, rounder: v128): v128 {
  const sum = f32x4.add(f32x4.mul(f32x4.sub(v128.load(x), least), rate), rounder);
  return i32x4.sub(sum, rounder);
}
