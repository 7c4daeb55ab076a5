/**
 * conv1x1 64 -> 64 of 7-bit pixels: out[x, o] = (scale[x] * a[o]) * sum_k w[o, k] q[x, k] + (min[x] * b[o] + bias[o]).
 *
 * out: float32 `[64]` every `stride` bytes; q: uint8 `[n, 64]` in 0..127; range: float32 `[n, 2]`: scale, minimum;
 * weights: the matrix, then float32 a `[64]`, b `[64]`, bias `[64]`. The matrix is int8 `[k / 4][o][k % 4]`, none of it
 * -128, in the relaxed build and int16 `[k / 2][o][k % 2]` in the other.
 * n >= 4. Sums are exact and each float operation rounds once, in the order written: one result everywhere.
 */

/** Pixels of a tile. With 2 vectors of outputs: 8 sums, 2 weights, 4 pixels and a product in 15 registers. */
const TILE: usize = 4;

/** Bytes of the matrix and of a pixel, in the width the build multiplies. */
const MATRIX: usize = ASC_FEATURE_RELAXED_SIMD ? 4096 : 8192;
const PIXEL: usize = ASC_FEATURE_RELAXED_SIMD ? 64 : 128;

const WIDENED: usize = ASC_FEATURE_RELAXED_SIMD ? 0 : memory.data(512, 16);

export function gemm(out: usize, stride: usize, q: usize, range: usize, weights: usize, n: i32): void {
  const last = <usize>n - TILE;
  for (let x: usize = 0; x < <usize>n; x += TILE) {
    // The last tile of a row that is not a multiple repeats some pixels of the one before.
    const first = min(x, last);
    tile(out + first * stride, stride, widened(q + first * 64), range + first * 8, weights);
  }
}

/** Four pixels as int16, for i32x4.dot_i16x8_s. */
function widened(q: usize): usize {
  if (ASC_FEATURE_RELAXED_SIMD) return q;
  for (let i: usize = 0; i < TILE * 64; i += 8) v128.store(WIDENED + 2 * i, v128.load_ext<u8>(q + i));
  return WIDENED;
}

function tile(out: usize, stride: usize, q: usize, range: usize, weights: usize): void {
  for (let o: usize = 0; o < 256; o += 32) {
    let sum00 = i32x4.splat(0);
    let sum01 = i32x4.splat(0);
    let sum10 = i32x4.splat(0);
    let sum11 = i32x4.splat(0);
    let sum20 = i32x4.splat(0);
    let sum21 = i32x4.splat(0);
    let sum30 = i32x4.splat(0);
    let sum31 = i32x4.splat(0);
    // Not unrolled by hand: Binaryen would sink the sums and V8 run out of registers; V8 unrolls it well.
    let w = weights + o;
    for (let k = q; k < q + PIXEL; k += 4) {
      const w0 = v128.load(w);
      const w1 = v128.load(w, 16);
      const q0 = v128.load32_splat(k);
      sum00 = dot(sum00, w0, q0);
      sum01 = dot(sum01, w1, q0);
      const q1 = v128.load32_splat(k, PIXEL);
      sum10 = dot(sum10, w0, q1);
      sum11 = dot(sum11, w1, q1);
      const q2 = v128.load32_splat(k, 2 * PIXEL);
      sum20 = dot(sum20, w0, q2);
      sum21 = dot(sum21, w1, q2);
      const q3 = v128.load32_splat(k, 3 * PIXEL);
      sum30 = dot(sum30, w0, q3);
      sum31 = dot(sum31, w1, q3);
      w += 256;
    }
    scaled(out + o, stride, sum00, sum10, sum20, sum30, range, weights + o);
    scaled(out + o + 16, stride, sum01, sum11, sum21, sum31, range, weights + o + 16);
  }
}

/** sum + w q: four k in each lane, or two. */
function dot(sum: v128, w: v128, q: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD
    ? i32x4.relaxed_dot_i8x16_i7x16_add_s(w, q, sum)
    : i32x4.add(sum, i32x4.dot_i16x8_s(w, q));
}

/** Writes four outputs of each pixel of a tile. */
function scaled(
  out: usize,
  stride: usize,
  sum0: v128,
  sum1: v128,
  sum2: v128,
  sum3: v128,
  range: usize,
  weights: usize,
): void {
  const a = v128.load(weights, MATRIX);
  const b = v128.load(weights, MATRIX + 256);
  const bias = v128.load(weights, MATRIX + 512);
  v128.store(out, affine(sum0, range, a, b, bias));
  v128.store(out + stride, affine(sum1, range + 8, a, b, bias));
  v128.store(out + 2 * stride, affine(sum2, range + 16, a, b, bias));
  v128.store(out + 3 * stride, affine(sum3, range + 24, a, b, bias));
}

function affine(sum: v128, range: usize, a: v128, b: v128, bias: v128): v128 {
  const scale = v128.load32_splat(range);
  const minimum = v128.load32_splat(range, 4);
  return f32x4.add(f32x4.mul(f32x4.mul(scale, a), f32x4.convert_i32x4_s(sum)), f32x4.add(f32x4.mul(minimum, b), bias));
}
