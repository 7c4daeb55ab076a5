/**
 * conv1x1 64 -> 64 of 7-bit pixels: out[x, o] = (scale[x] * a[o]) * sum_k w[o, k] q[x, k] + (min[x] * b[o] + bias[o]).
 *
 * out: float32 `[64]` every `stride` bytes; q: uint8 `[n, 64]` in 0..127; range: float32 `[n, 2]`: scale, minimum;
 * weights: the matrix, then float32 a `[64]`, b `[64]`, bias `[64]`. The matrix is int8 `[k / 4][o][k % 4]`, none of it
 * -128, in the relaxed build and int16 `[k / 2][o][k % 2]` in the other.
 * n >= 2. Sums are exact and each float operation rounds once, in the order written: one result everywhere.
 */

/** Bytes of the matrix and of a pixel, in the width the build multiplies. */
const MATRIX: usize = ASC_FEATURE_RELAXED_SIMD ? 4096 : 8192;
const PIXEL: usize = ASC_FEATURE_RELAXED_SIMD ? 64 : 128;

/** Two pixels as int16, for i32x4.dot_i16x8_s. */
const WIDENED: usize = ASC_FEATURE_RELAXED_SIMD ? 0 : memory.data(256, 16);

export function gemm(out: usize, stride: usize, q: usize, range: usize, weights: usize, n: i32): void {
  const last = <usize>n - 2;
  for (let x: usize = 0; x < <usize>n; x += 2) {
    // The last pair of an odd row repeats a pixel of the one before.
    const first = min(x, last);
    pair(out + first * stride, stride, widened(q + first * 64), range + first * 8, weights);
  }
}

function widened(q: usize): usize {
  if (ASC_FEATURE_RELAXED_SIMD) return q;
  for (let k: usize = 0; k < 128; k += 8) v128.store(WIDENED + 2 * k, v128.load_ext<u8>(q + k));
  return WIDENED;
}

/** Two pixels, 16 outputs at a time: more sums would not fit the 15 registers of V8 on x64. */
function pair(out: usize, stride: usize, q: usize, range: usize, weights: usize): void {
  for (let o: usize = 0; o < 256; o += 64) {
    let sum00 = i32x4.splat(0);
    let sum01 = i32x4.splat(0);
    let sum02 = i32x4.splat(0);
    let sum03 = i32x4.splat(0);
    let sum10 = i32x4.splat(0);
    let sum11 = i32x4.splat(0);
    let sum12 = i32x4.splat(0);
    let sum13 = i32x4.splat(0);
    let w = weights + o;
    // Not unrolled by hand: Binaryen sinks the sums, or V8 hoists the loads, until registers run out; V8 unrolls it well.
    for (let k = q; k < q + PIXEL; k += 4) {
      const q0 = v128.load32_splat(k);
      const q1 = v128.load32_splat(k, PIXEL);
      const w0 = v128.load(w);
      sum00 = dot(sum00, w0, q0);
      sum10 = dot(sum10, w0, q1);
      const w1 = v128.load(w, 16);
      sum01 = dot(sum01, w1, q0);
      sum11 = dot(sum11, w1, q1);
      const w2 = v128.load(w, 32);
      sum02 = dot(sum02, w2, q0);
      sum12 = dot(sum12, w2, q1);
      const w3 = v128.load(w, 48);
      sum03 = dot(sum03, w3, q0);
      sum13 = dot(sum13, w3, q1);
      w += 256;
    }
    const to = out + o;
    const ranges = v128.load(range);
    const coefficients = weights + MATRIX + o;
    scaled(to, stride, sum00, sum10, ranges, coefficients);
    scaled(to + 16, stride, sum01, sum11, ranges, coefficients + 16);
    scaled(to + 32, stride, sum02, sum12, ranges, coefficients + 32);
    scaled(to + 48, stride, sum03, sum13, ranges, coefficients + 48);
  }
}

/** sum + w q: four k in each lane, or two. */
function dot(sum: v128, w: v128, q: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD
    ? i32x4.relaxed_dot_i8x16_i7x16_add_s(w, q, sum)
    : i32x4.add(sum, i32x4.dot_i16x8_s(w, q));
}

/** Writes four outputs of both pixels. */
function scaled(out: usize, stride: usize, sum0: v128, sum1: v128, ranges: v128, coefficients: usize): void {
  const a = v128.load(coefficients);
  const b = v128.load(coefficients, 256);
  const bias = v128.load(coefficients, 512);
  const scale0 = v128.shuffle<f32>(ranges, ranges, 0, 0, 0, 0);
  const min0 = v128.shuffle<f32>(ranges, ranges, 1, 1, 1, 1);
  const scale1 = v128.shuffle<f32>(ranges, ranges, 2, 2, 2, 2);
  const min1 = v128.shuffle<f32>(ranges, ranges, 3, 3, 3, 3);
  v128.store(out, affine(sum0, scale0, min0, a, b, bias));
  v128.store(out + stride, affine(sum1, scale1, min1, a, b, bias));
}

function affine(sum: v128, scale: v128, minimum: v128, a: v128, b: v128, bias: v128): v128 {
  const product = f32x4.mul(f32x4.mul(scale, a), f32x4.convert_i32x4_s(sum));
  return f32x4.add(product, f32x4.add(f32x4.mul(minimum, b), bias));
}
