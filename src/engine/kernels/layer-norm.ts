/**
 * (x - mean) / sqrt(variance + 1e-6) * gamma + beta over the 64 channels of a pixel, biased variance.
 *
 * out, x: float32 `[n, 64]`; weights: float32 gamma `[64]`, beta `[64]`. Two passes, and a mean summed by halves, make the
 * variance of a constant pixel exactly 0. Error <= 1e-6 if gamma and beta are at most 1 and the mean does not exceed the
 * standard deviation; every power of ten beyond that costs float32 a digit.
 */
export function layerNorm(out: usize, x: usize, weights: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    const mean = meanOf(f32x4.add(f32x4.add(sum(x), sum(x + 64)), f32x4.add(sum(x + 128), sum(x + 192))));
    let sums = f32x4.splat(0);
    for (let c: usize = 0; c < 256; c += 64) sums = f32x4.add(sums, squares(x + c, mean));
    const variance = meanOf(sums);
    const rate = f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(variance, f32x4.splat(1e-6))));
    for (let c: usize = 0; c < 256; c += 16) {
      const normal = f32x4.mul(f32x4.sub(v128.load(x + c), mean), rate);
      v128.store(out + c, f32x4.add(f32x4.mul(normal, v128.load(weights + c)), v128.load(weights + c, 256)));
    }
    out += 256;
    x += 256;
  }
}

/** Sum of four vectors. */
function sum(x: usize): v128 {
  return f32x4.add(f32x4.add(v128.load(x), v128.load(x, 16)), f32x4.add(v128.load(x, 32), v128.load(x, 48)));
}

/** Sum of the squared distances of four vectors. */
function squares(x: usize, mean: v128): v128 {
  return f32x4.add(
    f32x4.add(square(v128.load(x), mean), square(v128.load(x, 16), mean)),
    f32x4.add(square(v128.load(x, 32), mean), square(v128.load(x, 48), mean)),
  );
}

function square(x: v128, mean: v128): v128 {
  const distance = f32x4.sub(x, mean);
  return f32x4.mul(distance, distance);
}

/** The mean of 64 numbers, in each lane, from the sum of their 16 vectors. */
function meanOf(sums: v128): v128 {
  const halves = f32x4.add(sums, v128.shuffle<f32>(sums, sums, 2, 3, 0, 1));
  const whole = f32x4.add(halves, v128.shuffle<f32>(halves, halves, 1, 0, 3, 2));
  return f32x4.mul(whole, f32x4.splat(1 / 64));
}
