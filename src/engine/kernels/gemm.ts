/**
 * conv1x1 64 -> 64 of 7-bit pixels: out[x, o] = (scale[x] * a[o]) * sum_k w[o, k] q[x, k] + (min[x] * b[o] + bias[o]).
 *
 * out: float32 `[64]` every `stride` bytes; q: uint8 `[n, 64]` in 0..127; range: float32 `[n, 2]`: scale, minimum;
 * weights: the matrix, then float32 a `[64]`, b `[64]`, bias `[64]`. The matrix is int8 `[k / 4][o][k % 4]` in the
 * relaxed build and int16 `[k / 2][o][k % 2]` in the other.
 * Among an output's weights with k % 4 < 2 the positive ones sum to at most 258 and the negative ones to at least -258, and
 * likewise among the others. Levels are not negative and 258 * 127 < 2^15, so every sum fits in int16. n >= 4.
 * Sums are exact and each float operation rounds once, in the order written, so the result is the same everywhere.
 */

/** Bytes of the matrix and of a pixel, in the width the build multiplies. */
const MATRIX: usize = ASC_FEATURE_RELAXED_SIMD ? 4096 : 8192;
const PIXEL: usize = ASC_FEATURE_RELAXED_SIMD ? 64 : 128;

/** Four pixels as int16, for i32x4.dot_i16x8_s. */
const WIDENED: usize = ASC_FEATURE_RELAXED_SIMD ? 0 : memory.data(512, 16);

export function gemm(out: usize, stride: usize, q: usize, range: usize, weights: usize, n: i32): void {
  const last = <usize>n - 4;
  for (let x: usize = 0; x < <usize>n; x += 4) {
    // The last four of a row may overlap the four before.
    const first = min(x, last);
    four(out + first * stride, stride, widened(q + first * 64), range + first * 8, weights);
  }
}

function widened(q: usize): usize {
  if (ASC_FEATURE_RELAXED_SIMD) return q;
  for (let k: usize = 0; k < 256; k += 8) v128.store(WIDENED + 2 * k, v128.load_ext<u8>(q + k));
  return WIDENED;
}

/** Four pixels, 8 outputs at a time: more sums would not fit the 15 registers of V8 on x64. */
function four(out: usize, stride: usize, q: usize, range: usize, weights: usize): void {
  for (let o: usize = 0; o < 256; o += 32) {
    let sum00 = i32x4.splat(0);
    let sum01 = i32x4.splat(0);
    let sum10 = i32x4.splat(0);
    let sum11 = i32x4.splat(0);
    let sum20 = i32x4.splat(0);
    let sum21 = i32x4.splat(0);
    let sum30 = i32x4.splat(0);
    let sum31 = i32x4.splat(0);
    let w = weights + o;
    // Whole vectors and shuffles instead of splatting loads, because a load costs more where V8 checks each access. Unrolled
    // by hand because a loop over the lanes is a fifth slower.
    for (let k = q; k < q + PIXEL; k += 16) {
      const q0 = v128.load(k);
      const q1 = v128.load(k, PIXEL);
      const q2 = v128.load(k, 2 * PIXEL);
      const q3 = v128.load(k, 3 * PIXEL);
      const w00 = v128.load(w, 0);
      const w01 = v128.load(w, 16);
      const k00 = v128.shuffle<i32>(q0, q0, 0, 0, 0, 0);
      sum00 = dot(sum00, w00, k00);
      sum01 = dot(sum01, w01, k00);
      const k01 = v128.shuffle<i32>(q1, q1, 0, 0, 0, 0);
      sum10 = dot(sum10, w00, k01);
      sum11 = dot(sum11, w01, k01);
      const k02 = v128.shuffle<i32>(q2, q2, 0, 0, 0, 0);
      sum20 = dot(sum20, w00, k02);
      sum21 = dot(sum21, w01, k02);
      const k03 = v128.shuffle<i32>(q3, q3, 0, 0, 0, 0);
      sum30 = dot(sum30, w00, k03);
      sum31 = dot(sum31, w01, k03);
      const w10 = v128.load(w, 256);
      const w11 = v128.load(w, 272);
      const k10 = v128.shuffle<i32>(q0, q0, 1, 1, 1, 1);
      sum00 = dot(sum00, w10, k10);
      sum01 = dot(sum01, w11, k10);
      const k11 = v128.shuffle<i32>(q1, q1, 1, 1, 1, 1);
      sum10 = dot(sum10, w10, k11);
      sum11 = dot(sum11, w11, k11);
      const k12 = v128.shuffle<i32>(q2, q2, 1, 1, 1, 1);
      sum20 = dot(sum20, w10, k12);
      sum21 = dot(sum21, w11, k12);
      const k13 = v128.shuffle<i32>(q3, q3, 1, 1, 1, 1);
      sum30 = dot(sum30, w10, k13);
      sum31 = dot(sum31, w11, k13);
      const w20 = v128.load(w, 512);
      const w21 = v128.load(w, 528);
      const k20 = v128.shuffle<i32>(q0, q0, 2, 2, 2, 2);
      sum00 = dot(sum00, w20, k20);
      sum01 = dot(sum01, w21, k20);
      const k21 = v128.shuffle<i32>(q1, q1, 2, 2, 2, 2);
      sum10 = dot(sum10, w20, k21);
      sum11 = dot(sum11, w21, k21);
      const k22 = v128.shuffle<i32>(q2, q2, 2, 2, 2, 2);
      sum20 = dot(sum20, w20, k22);
      sum21 = dot(sum21, w21, k22);
      const k23 = v128.shuffle<i32>(q3, q3, 2, 2, 2, 2);
      sum30 = dot(sum30, w20, k23);
      sum31 = dot(sum31, w21, k23);
      const w30 = v128.load(w, 768);
      const w31 = v128.load(w, 784);
      const k30 = v128.shuffle<i32>(q0, q0, 3, 3, 3, 3);
      sum00 = dot(sum00, w30, k30);
      sum01 = dot(sum01, w31, k30);
      const k31 = v128.shuffle<i32>(q1, q1, 3, 3, 3, 3);
      sum10 = dot(sum10, w30, k31);
      sum11 = dot(sum11, w31, k31);
      const k32 = v128.shuffle<i32>(q2, q2, 3, 3, 3, 3);
      sum20 = dot(sum20, w30, k32);
      sum21 = dot(sum21, w31, k32);
      const k33 = v128.shuffle<i32>(q3, q3, 3, 3, 3, 3);
      sum30 = dot(sum30, w30, k33);
      sum31 = dot(sum31, w31, k33);
      w += 1024;
    }
    const to = out + o;
    const coefficients = weights + MATRIX + o;
    scaled(to, sum00, sum01, range, coefficients);
    scaled(to + stride, sum10, sum11, range + 8, coefficients);
    scaled(to + 2 * stride, sum20, sum21, range + 16, coefficients);
    scaled(to + 3 * stride, sum30, sum31, range + 24, coefficients);
  }
}

/** sum + w q. Each lane adds two k; in the relaxed build it is int16, and an output has two lanes. */
function dot(sum: v128, w: v128, q: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD
    ? i16x8.add(sum, i16x8.relaxed_dot_i8x16_i7x16_s(w, q))
    : i32x4.add(sum, i32x4.dot_i16x8_s(w, q));
}

/** The four outputs of a sum. */
function total(sum: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? i32x4.extadd_pairwise_i16x8_s(sum) : sum;
}

/** Writes eight outputs of a pixel. */
function scaled(out: usize, sum0: v128, sum1: v128, range: usize, coefficients: usize): void {
  const scale = v128.load32_splat(range);
  const minimum = v128.load32_splat(range, 4);
  v128.store(out, affine(sum0, scale, minimum, coefficients));
  v128.store(out, affine(sum1, scale, minimum, coefficients + 16), 16);
}

function affine(sum: v128, scale: v128, minimum: v128, coefficients: usize): v128 {
  const product = f32x4.mul(f32x4.mul(scale, v128.load(coefficients)), f32x4.convert_i32x4_s(total(sum)));
  return f32x4.add(product, f32x4.add(f32x4.mul(minimum, v128.load(coefficients, 256)), v128.load(coefficients, 512)));
}
