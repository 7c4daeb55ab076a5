/**
 * Float32 pixels to 7 bit, each by its own range: scale = (max - min) / 127, q = (x - min) * (127 / (max - min)) rounded to
 * nearest, ties to even; all 0 where max = min.
 *
 * q: uint8 `[n, 64]` in 0..127; range: float32 `[n, 2]`: scale, minimum; x, y: float32 `[n, 64]`, magnitudes below 2^126.
 * Each float operation rounds once, in the order written: one result everywhere.
 */

/** 1.5 * 2^23: where floats have a unit of 1, so that adding it rounds and the sum's bits count from those of itself. */
const ROUNDER: f32 = 12582912;

/** A pixel of differences. */
const DIFFERENCE = memory.data(256, 16);

export function quantize(q: usize, range: usize, x: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    quantizePixel(q, range, x);
    q += 64;
    range += 8;
    x += 256;
  }
}

/** {@link quantize} of x - y. */
export function quantizeDifference(q: usize, range: usize, x: usize, y: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    for (let c: usize = 0; c < 256; c += 16) {
      v128.store(DIFFERENCE + c, f32x4.sub(v128.load(x + c), v128.load(y + c)));
    }
    quantizePixel(q, range, DIFFERENCE);
    q += 64;
    range += 8;
    x += 256;
    y += 256;
  }
}

function quantizePixel(q: usize, range: usize, x: usize): void {
  let least = v128.load(x);
  let most = least;
  for (let c: usize = 16; c < 256; c += 48) {
    const v0 = v128.load(x + c);
    const v1 = v128.load(x + c, 16);
    const v2 = v128.load(x + c, 32);
    least = f32x4.pmin(f32x4.pmin(least, v0), f32x4.pmin(v1, v2));
    most = f32x4.pmax(f32x4.pmax(most, v0), f32x4.pmax(v1, v2));
  }
  least = f32x4.pmin(least, v128.shuffle<f32>(least, least, 2, 3, 0, 1));
  most = f32x4.pmax(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
  least = f32x4.pmin(least, v128.shuffle<f32>(least, least, 1, 0, 3, 2));
  most = f32x4.pmax(most, v128.shuffle<f32>(most, most, 1, 0, 3, 2));

  const span = f32x4.sub(most, least);
  v128.store32_lane(range, f32x4.div(span, f32x4.splat(127)), 0);
  v128.store32_lane(range, least, 0, 4);

  // Finite for a span of 0 too, so that 0 times it is 0.
  const rate = f32x4.pmin(f32x4.div(f32x4.splat(127), span), f32x4.splat(f32.MAX_VALUE));
  for (let c: usize = 0; c < 64; c += 16) {
    const v = x + 4 * c;
    v128.store(
      q + c,
      i8x16.narrow_i16x8_u(
        i16x8.narrow_i32x4_s(level(v128.load(v), least, rate), level(v128.load(v, 16), least, rate)),
        i16x8.narrow_i32x4_s(level(v128.load(v, 32), least, rate), level(v128.load(v, 48), least, rate)),
      ),
    );
  }
}

/** (x - least) * rate as int32, to nearest even. */
function level(x: v128, least: v128, rate: v128): v128 {
  const rounder = f32x4.splat(ROUNDER);
  return i32x4.sub(f32x4.add(f32x4.mul(f32x4.sub(x, least), rate), rounder), rounder);
}
