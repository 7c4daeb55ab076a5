/**
 * Depthwise conv3x3, stride 1, reflected at both ends of the row.
 *
 * out, above, row, below: float32 `[n, 64]`, out must not be one of the others; weights: float32 `[3 dy, 3 dx, 64]`, bias `[64]`;
 * n >= 2. Error <= 1e-6 of the sum of the ten terms' magnitudes.
 */

/** Pixels computed while the nine weights of a vector stay in registers; their rows fit the L1 cache. */
const BLOCK = 16;

export function depthwise(out: usize, above: usize, row: usize, below: usize, weights: usize, n: i32): void {
  for (let x = 1; x < n - 1; x += BLOCK) {
    const left = <usize>(x - 1) * 256;
    block(out + left + 256, above + left, row + left, below + left, weights, min(BLOCK, n - 1 - x));
  }
  edge(out, above, row, below, weights, 256);
  const last = <usize>(n - 1) * 256;
  edge(out + last, above + last, row + last, below + last, weights, -256);
}

/** Computes `n` pixels; the inputs point to the left neighbours of the first one. */
function block(out: usize, above: usize, row: usize, below: usize, weights: usize, n: i32): void {
  for (let c: usize = 0; c < 256; c += 16) {
    const w = weights + c;
    const w00 = v128.load(w);
    const w01 = v128.load(w, 256);
    const w02 = v128.load(w, 512);
    const w10 = v128.load(w, 768);
    const w11 = v128.load(w, 1024);
    const w12 = v128.load(w, 1280);
    const w20 = v128.load(w, 1536);
    const w21 = v128.load(w, 1792);
    const w22 = v128.load(w, 2048);
    const bias = v128.load(w, 2304);
    let a = v128.load(above + c);
    let r = v128.load(row + c);
    let b = v128.load(below + c);
    let here = dot(bias, a, r, b, w00, w10, w20);
    a = v128.load(above + c, 256);
    r = v128.load(row + c, 256);
    b = v128.load(below + c, 256);
    here = dot(here, a, r, b, w01, w11, w21);
    let right = dot(bias, a, r, b, w00, w10, w20);
    // Each column is loaded once and added to three pixels: on its left, here and on its right.
    for (let x = c; x < c + <usize>n * 256; x += 256) {
      a = v128.load(above + x, 512);
      r = v128.load(row + x, 512);
      b = v128.load(below + x, 512);
      v128.store(out + x, dot(here, a, r, b, w02, w12, w22));
      here = dot(right, a, r, b, w01, w11, w21);
      right = dot(bias, a, r, b, w00, w10, w20);
    }
  }
}

/** sum + w0 a + w1 r + w2 b */
function dot(sum: v128, a: v128, r: v128, b: v128, w0: v128, w1: v128, w2: v128): v128 {
  return f32x4.add(f32x4.add(f32x4.add(sum, f32x4.mul(w0, a)), f32x4.mul(w1, r)), f32x4.mul(w2, b));
}

/** Computes the first or last pixel; reflection puts its neighbour, `inwards` bytes away, on both sides. */
function edge(out: usize, above: usize, row: usize, below: usize, weights: usize, inwards: usize): void {
  for (let c: usize = 0; c < 256; c += 16) {
    const w = weights + c;
    const sum = f32x4.add(
      f32x4.add(v128.load(w, 2304), edgeRow(above + c, w, inwards)),
      f32x4.add(edgeRow(row + c, w + 768, inwards), edgeRow(below + c, w + 1536, inwards)),
    );
    v128.store(out + c, sum);
  }
}

function edgeRow(x: usize, w: usize, inwards: usize): v128 {
  const beside = f32x4.add(v128.load(w), v128.load(w, 512));
  return f32x4.add(f32x4.mul(beside, v128.load(x + inwards)), f32x4.mul(v128.load(w, 256), v128.load(x)));
}
