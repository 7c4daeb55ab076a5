/**
 * The operations SSIU is made of, over one linear memory. {@link ./kernels} implements them in WebAssembly, and
 * test/unit/engine/reference in plain TypeScript, to test against: both give the same results.
 *
 * Pointers are byte offsets, aligned to 16. A *row* is `n` pixels of 64 channels, float32, channels innermost: `[n, 64]`,
 * 256 bytes a pixel. Sides of maps are multiples of 16 (of 8 after pooling). Nothing is read or written beyond a row's
 * end. `out` may be an input of the same shape if the operation works pixel by pixel. The first 4 kB of the memory are
 * reserved for the kernels.
 */
export interface Ops {
  /** conv3x3 3 -> 64, reflected at both ends. `above`, `row`, `below`: RGB8 `[n, 3]`, scaled to 0..1. `weights`: float32 `[3 dy, 3 dx, 3, 64]`, bias `[64]`. */
  head(out: number, above: number, row: number, below: number, weights: number, n: number): void;

  /** Per-pixel layer normalisation, biased variance, eps 1e-6. `weights`: float32 gamma `[64]`, beta `[64]`. */
  layerNorm(out: number, x: number, weights: number, n: number): void;

  /**
   * Asymmetric 7-bit quantization by each pixel's range: v = (x - offset) * factor; `q`: uint8 `[n, 64]` in 0..127; `range`:
   * float32 `[n, 2]`: scale, minimum. scale = (max - min) / 127; q = nearest-even((v - min) * (127 / (max - min))), all 0 if max = min.
   * `inputs`: float32 offset `[64]`, factor `[64]`.
   */
  quantize(q: number, range: number, x: number, inputs: number, n: number): void;

  /** {@link quantize} of x - y. */
  quantizeDifference(q: number, range: number, x: number, y: number, inputs: number, n: number): void;

  /**
   * conv1x1 64 -> 64 of a quantized row: out[o] = scale * a[o] * sum_k w[o, k] q[k] + min * b[o] + bias[o], written every
   * `stride` bytes (256 for a plain row; more spreads the pixels, as PixelShuffle does).
   * `weights`: the matrix in the order the build expects (see weights.ts), then float32 a `[64]`, b `[64]`, bias `[64]`.
   */
  gemm(out: number, stride: number, q: number, range: number, weights: number, n: number): void;

  /** Depthwise conv3x3, reflected at both ends. `weights`: float32 `[3 dy, 3 dx, 64]`, bias `[64]`. */
  depthwise(out: number, above: number, row: number, below: number, weights: number, n: number): void;

  /** out = gelu(u) * w, gelu(u) = u * Phi(u). */
  geluMul(out: number, u: number, w: number, n: number): void;

  /** out = gelu(x). */
  gelu(out: number, x: number, n: number): void;

  /** out = x + y. */
  add(out: number, x: number, y: number, n: number): void;

  /** 2x2 maximum, stride 2, of two rows of `n` pixels -> `n / 2` pixels. */
  maxPool(out: number, upper: number, lower: number, n: number): void;

  /**
   * Attention of one 8x8 block to its 10x10 neighbourhood, 4 heads of 16 channels, as in ESAM. `out`, `q`, `k`, `v`:
   * whole maps `[h, w, 64]`; the block's upper left corner is (`x`, `y`). Keys and values outside the
   * map are zero (the position is still added). `position`: float32 rel_h `[10, 8]`, rel_w `[10, 8]`. `scratch`: 64 kB.
   */
  attention(
    out: number,
    q: number,
    k: number,
    v: number,
    position: number,
    scratch: number,
    x: number,
    y: number,
    w: number,
    h: number,
  ): void;

  /**
   * out += one row of the map enlarged by 2, bilinear with aligned corners: (1 - fy) * upper + fy * lower, `n / 2` pixels each,
   * sampled at x * (n / 2 - 1) / (n - 1).
   */
  upsampleAdd(out: number, upper: number, lower: number, fy: number, n: number): void;

  /** out = sum_i e_i * softmax_i(l_i), element by element over three candidates. */
  select(out: number, e1: number, e2: number, e3: number, l1: number, l2: number, l3: number, n: number): void;

  /**
   * conv3x3 64 -> 3 reflected at both ends, plus the source enlarged `scale` times (bilinear, half-pixel centres, edges
   * repeated), times 255, clamped and rounded half to even: RGB8 `[n, 3]`. `weights`: float32 `[3 dy, 3 dx, 3, 64]`, bias `[3]`.
   * `upper`, `lower`: RGB8 `[n / scale, 3]`, mixed as (1 - fy) * upper + fy * lower.
   */
  tail(
    out: number,
    above: number,
    row: number,
    below: number,
    weights: number,
    upper: number,
    lower: number,
    fy: number,
    scale: number,
    n: number,
  ): void;
}
