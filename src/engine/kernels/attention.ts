import { exp2 } from "./exp.ts";

/**
 * Attention of one 8x8 block, its upper left corner at (x, y), to its 10x10 neighbourhood, 4 heads of 16 channels.
 * `out`, `q`, `k`, `v`: float32 maps [h, w, 64]; `out` may be `q`. Keys and values outside of the map are 0, the position
 * is added there too. `position`: float32 rel_h [10, 8], rel_w [10, 8]. Error <= 1e-5 of the largest |v|, while
 * |logits| < 100.
 *
 * `scratch`, for one head at a time: V [100, 16], K + position [100, 16], the same transposed [16, 100], and the
 * weights of two queries [2, 100].
 */
const KEYS: usize = 100 * 64;
const TRANSPOSED: usize = 2 * 100 * 64;
const WEIGHTS: usize = 3 * 100 * 64;

export function attention(
  out: usize,
  q: usize,
  k: usize,
  v: usize,
  position: usize,
  scratch: usize,
  x: i32,
  y: i32,
  w: i32,
  h: i32,
): void {
  const line = (<usize>w) << 8;
  const corner = (<usize>(y * w + x)) << 8;
  for (let head: usize = 0; head < 256; head += 64) {
    gather(scratch, k + head, v + head, position, x, y, w, h);
    transpose(scratch + TRANSPOSED, scratch + KEYS);
    for (let row: usize = 0; row < 8; row++) {
      const at = corner + row * line + head;
      for (let pair = at; pair < at + 8 * 256; pair += 512) {
        attendTwo(out + pair, q + pair, scratch);
      }
    }
  }
}

/** The neighbourhood's keys, positions added, and values. */
function gather(scratch: usize, k: usize, v: usize, position: usize, x: i32, y: i32, w: i32, h: i32): void {
  for (let i = 0; i < 10; i++) {
    const row = y + i - 1;
    const relH = position + ((<usize>i) << 5);
    for (let j = 0; j < 10; j++, scratch += 64) {
      const column = x + j - 1;
      const relW = position + 320 + ((<usize>j) << 5);
      let k0 = v128.load(relH);
      let k1 = v128.load(relH, 16);
      let k2 = v128.load(relW);
      let k3 = v128.load(relW, 16);
      if (row >= 0 && row < h && column >= 0 && column < w) {
        const at = (<usize>(row * w + column)) << 8;
        k0 = f32x4.add(k0, v128.load(k + at));
        k1 = f32x4.add(k1, v128.load(k + at, 16));
        k2 = f32x4.add(k2, v128.load(k + at, 32));
        k3 = f32x4.add(k3, v128.load(k + at, 48));
        v128.store(scratch, v128.load(v + at));
        v128.store(scratch, v128.load(v + at, 16), 16);
        v128.store(scratch, v128.load(v + at, 32), 32);
        v128.store(scratch, v128.load(v + at, 48), 48);
      } else {
        v128.store(scratch, f32x4.splat(0));
        v128.store(scratch, f32x4.splat(0), 16);
        v128.store(scratch, f32x4.splat(0), 32);
        v128.store(scratch, f32x4.splat(0), 48);
      }
      v128.store(scratch + KEYS, k0);
      v128.store(scratch + KEYS, k1, 16);
      v128.store(scratch + KEYS, k2, 32);
      v128.store(scratch + KEYS, k3, 48);
    }
  }
}

/** [100, 16] -> [16, 100] */
function transpose(out: usize, x: usize): void {
  for (const end = out + 400; out < end; out += 16, x += 4 * 64) {
    for (let channel: usize = 0; channel < 16; channel += 4) {
      const from = x + channel * 4;
      const to = out + channel * 400;
      const a = v128.load(from);
      const b = v128.load(from, 64);
      const c = v128.load(from, 128);
      const d = v128.load(from, 192);
      const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
      const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
      const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
      const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
      v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
      v128.store(to, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), 400);
      v128.store(to, v128.shuffle<f32>(ab2, cd2, 0, 1, 4, 5), 800);
      v128.store(to, v128.shuffle<f32>(ab2, cd2, 2, 3, 6, 7), 1200);
    }
  }
}

/** Two neighbouring queries. */
function attendTwo(out: usize, q: usize, scratch: usize): void {
  const weights = scratch + WEIGHTS;
  logits(weights, q, scratch + TRANSPOSED);
  const scale0 = softmax(weights);
  const scale1 = softmax(weights + 400);
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  let value = scratch;
  for (let weight = weights; weight < weights + 400; weight += 4, value += 64) {
    const a = v128.load32_splat(weight);
    const b = v128.load32_splat(weight, 400);
    const v0 = v128.load(value);
    a0 = f32x4.add(a0, f32x4.mul(a, v0));
    b0 = f32x4.add(b0, f32x4.mul(b, v0));
    const v1 = v128.load(value, 16);
    a1 = f32x4.add(a1, f32x4.mul(a, v1));
    b1 = f32x4.add(b1, f32x4.mul(b, v1));
    const v2 = v128.load(value, 32);
    a2 = f32x4.add(a2, f32x4.mul(a, v2));
    b2 = f32x4.add(b2, f32x4.mul(b, v2));
    const v3 = v128.load(value, 48);
    a3 = f32x4.add(a3, f32x4.mul(a, v3));
    b3 = f32x4.add(b3, f32x4.mul(b, v3));
  }
  v128.store(out, f32x4.mul(a0, scale0));
  v128.store(out, f32x4.mul(a1, scale0), 16);
  v128.store(out, f32x4.mul(a2, scale0), 32);
  v128.store(out, f32x4.mul(a3, scale0), 48);
  v128.store(out, f32x4.mul(b0, scale1), 256);
  v128.store(out, f32x4.mul(b1, scale1), 272);
  v128.store(out, f32x4.mul(b2, scale1), 288);
  v128.store(out, f32x4.mul(b3, scale1), 304);
}

/** q k^T for two queries and 100 keys, 20 keys at a time. */
function logits(out: usize, q: usize, keys: usize): void {
  for (const end = out + 400; out < end; out += 80, keys += 80) {
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let a4 = a0;
    let b0 = a0;
    let b1 = a0;
    let b2 = a0;
    let b3 = a0;
    let b4 = a0;
    let key = keys;
    for (let channel = q; channel < q + 64; channel += 4, key += 400) {
      const a = v128.load32_splat(channel);
      const b = v128.load32_splat(channel, 256);
      const k0 = v128.load(key);
      a0 = f32x4.add(a0, f32x4.mul(a, k0));
      b0 = f32x4.add(b0, f32x4.mul(b, k0));
      const k1 = v128.load(key, 16);
      a1 = f32x4.add(a1, f32x4.mul(a, k1));
      b1 = f32x4.add(b1, f32x4.mul(b, k1));
      const k2 = v128.load(key, 32);
      a2 = f32x4.add(a2, f32x4.mul(a, k2));
      b2 = f32x4.add(b2, f32x4.mul(b, k2));
      const k3 = v128.load(key, 48);
      a3 = f32x4.add(a3, f32x4.mul(a, k3));
      b3 = f32x4.add(b3, f32x4.mul(b, k3));
      const k4 = v128.load(key, 64);
      a4 = f32x4.add(a4, f32x4.mul(a, k4));
      b4 = f32x4.add(b4, f32x4.mul(b, k4));
    }
    v128.store(out, a0);
    v128.store(out, a1, 16);
    v128.store(out, a2, 32);
    v128.store(out, a3, 48);
    v128.store(out, a4, 64);
    v128.store(out, b0, 400);
    v128.store(out, b1, 416);
    v128.store(out, b2, 432);
    v128.store(out, b3, 448);
    v128.store(out, b4, 464);
  }
}

/** Replaces 100 logits by their exponentials, the largest 1; returns 1 / their sum. */
function softmax(weights: usize): v128 {
  const scale = f32x4.splat(0.25 * 1.44269504);
  let largest = v128.load(weights);
  for (let at = weights + 16; at < weights + 400; at += 16) {
    largest = f32x4.pmax(largest, v128.load(at));
  }
  largest = f32x4.pmax(largest, v128.shuffle<f32>(largest, largest, 2, 3, 0, 1));
  largest = f32x4.pmax(largest, v128.shuffle<f32>(largest, largest, 1, 0, 3, 2));
  let sum = f32x4.splat(0);
  for (let at = weights; at < weights + 400; at += 16) {
    const weight = exp2(f32x4.mul(f32x4.sub(v128.load(at), largest), scale));
    sum = f32x4.add(sum, weight);
    v128.store(at, weight);
  }
  sum = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 2, 3, 0, 1));
  sum = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 1, 0, 3, 2));
  return f32x4.div(f32x4.splat(1), sum);
}
