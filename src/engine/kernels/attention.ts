import { exponentials } from "./exp.ts";

/**
 * Attention of one 8x8 block, its upper left corner at (x, y), to its 10x10 neighbourhood, 4 heads of 16 channels.
 * `out`, `q`, `k`, `v`: float32 maps [h, w, 64]; `out` may be `q`. Keys and values outside the map are 0, but the position
 * is added there too. `position`: float32 rel_h [10, 8], rel_w [10, 8].
 *
 * Both products multiply int16 pairs, rounded to nearest, ties to even. With one scale per block and head, q and k reach at
 * most 11585, so that sums of 16 products fit in int32, and v at most 16383. Scaled per query, the weights reach at most 32767
 * and their sum about 2^17. The error is about (1e-4 + 4e-5 L) of the neighbourhood's largest |v|, with L the largest |logit|:
 * in the trained networks up to 3.9e-4 on drawings and 1.2e-3 on noise of pure colours, 1e-5 on average.
 *
 * `scratch` holds one head at a time, at these offsets:
 */

/** Float32 [104, 16], the last 4 rows 0. */
const VALUES: usize = 0;
/** Float32 [100, 16], position added. */
const KEYS: usize = VALUES + 104 * 64;
/** Pairs [8, 100]: two channels of a key (see {@link pairs}). */
const KEY_PAIRS: usize = KEYS + 100 * 64;
/** Pairs [52, 16]: a channel of two keys. */
const VALUE_PAIRS: usize = KEY_PAIRS + 8 * 400;
/** Pairs [2, 8]: two channels of a query. */
const QUERY_PAIRS: usize = VALUE_PAIRS + 52 * 64;
/** Float32 [2, 104], the last 4 of each row 0; then each row is overwritten by pairs [52]: the weights of two keys. */
const WEIGHTS: usize = QUERY_PAIRS + 64;

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
  memory.fill(scratch + VALUES + 100 * 64, 0, 4 * 64);
  for (let head: usize = 0; head < 256; head += 64) {
    gather(scratch, k + head, v + head, position, x, y, w, h);
    const queryRate = rate(largestOfBlock(q + corner + head, line), 11585);
    const keyRate = rate(largestOf(scratch + KEYS), 11585);
    const valueRate = rate(largestOf(scratch + VALUES), 16383);
    packKeys(scratch + KEY_PAIRS, scratch + KEYS, keyRate);
    packValues(scratch + VALUE_PAIRS, scratch + VALUES, valueRate);
    // 16^-0.5, times log2(e) to turn powers of e into powers of 2.
    const logitScale = f32x4.div(f32x4.splat(0.25 * 1.44269504), f32x4.mul(queryRate, keyRate));
    for (let row: usize = 0; row < 8; row++) {
      const at = corner + row * line + head;
      for (let pair = at; pair < at + 8 * 256; pair += 512) {
        packQuery(scratch + QUERY_PAIRS, q + pair, queryRate);
        packQuery(scratch + QUERY_PAIRS + 32, q + pair + 256, queryRate);
        attendTwo(out + pair, scratch, logitScale, valueRate);
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

/** Largest magnitude of 8x8 pixels. */
function largestOfBlock(x: usize, line: usize): v128 {
  let largest = f32x4.splat(0);
  for (const end = x + 8 * line; x < end; x += line) {
    for (let pixel = x; pixel < x + 8 * 256; pixel += 256) largest = f32x4.pmax(largest, magnitude(pixel));
  }
  return largestLane(largest);
}

/** Largest magnitude of [100, 16]. */
function largestOf(x: usize): v128 {
  let largest = f32x4.splat(0);
  for (const end = x + 100 * 64; x < end; x += 64) largest = f32x4.pmax(largest, magnitude(x));
  return largestLane(largest);
}

function magnitude(x: usize): v128 {
  const low = f32x4.pmax(f32x4.abs(v128.load(x)), f32x4.abs(v128.load(x, 16)));
  const high = f32x4.pmax(f32x4.abs(v128.load(x, 32)), f32x4.abs(v128.load(x, 48)));
  return f32x4.pmax(low, high);
}

function largestLane(x: v128): v128 {
  const two = f32x4.pmax(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.pmax(two, v128.shuffle<f32>(two, two, 1, 0, 3, 2));
}

/** The factor that maps values up to `largest` to integers up to `levels`; always finite. */
function rate(largest: v128, levels: f32): v128 {
  return f32x4.div(f32x4.splat(levels), f32x4.pmax(largest, f32x4.splat(1e-12)));
}

/** Two vectors of floats times `rate`, rounded to int16: pairs (low[i], high[i]). */
function pairs(low: v128, high: v128, rate: v128): v128 {
  // Adding 1.5 * 2^23 leaves the integer in the low bits.
  const rounder = f32x4.splat(12582912);
  const even = f32x4.add(f32x4.mul(low, rate), rounder);
  const odd = f32x4.add(f32x4.mul(high, rate), rounder);
  return v128.shuffle<i16>(even, i32x4.shl(odd, 16), 0, 9, 2, 11, 4, 13, 6, 15);
}

function packQuery(out: usize, q: usize, rate: v128): void {
  v128.store(out, pairs(v128.load(q), v128.load(q, 16), rate));
  v128.store(out, pairs(v128.load(q, 32), v128.load(q, 48), rate), 16);
}

/** [104, 16] -> pairs [52, 16]: keys (i, i + 4) of every eight. */
function packValues(out: usize, values: usize, rate: v128): void {
  for (const end = values + 104 * 64; values < end; values += 256) {
    for (const half = values + 256; values < half; values += 16, out += 16) {
      v128.store(out, pairs(v128.load(values), v128.load(values, 256), rate));
    }
  }
}

/** [100, 16] -> pairs [8, 100]: channels as in {@link packQuery}, transposed four keys at a time. */
function packKeys(out: usize, keys: usize, rate: v128): void {
  for (const end = out + 400; out < end; out += 16, keys += 256) {
    packFourKeys(out, keys, rate);
    packFourKeys(out + 4 * 400, keys + 32, rate);
  }
}

function packFourKeys(out: usize, keys: usize, rate: v128): void {
  const a = pairs(v128.load(keys), v128.load(keys, 16), rate);
  const b = pairs(v128.load(keys, 64), v128.load(keys, 80), rate);
  const c = pairs(v128.load(keys, 128), v128.load(keys, 144), rate);
  const d = pairs(v128.load(keys, 192), v128.load(keys, 208), rate);
  const ab01 = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd01 = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const ab23 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cd23 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<i64>(ab01, cd01, 0, 2));
  v128.store(out, v128.shuffle<i64>(ab01, cd01, 1, 3), 400);
  v128.store(out, v128.shuffle<i64>(ab23, cd23, 0, 2), 800);
  v128.store(out, v128.shuffle<i64>(ab23, cd23, 1, 3), 1200);
}

/** Attention of two neighbouring queries. */
function attendTwo(out: usize, scratch: usize, logitScale: v128, valueRate: v128): void {
  const weights = scratch + WEIGHTS;
  logits(weights, scratch + QUERY_PAIRS, scratch + KEY_PAIRS);
  const scale0 = f32x4.div(softmax(weights, logitScale), valueRate);
  const scale1 = f32x4.div(softmax(weights + 416, logitScale), valueRate);
  let a0 = i32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  let value = scratch + VALUE_PAIRS;
  for (let weight = weights; weight < weights + 208; weight += 4, value += 64) {
    const a = v128.load32_splat(weight);
    const b = v128.load32_splat(weight, 416);
    const v0 = v128.load(value);
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(a, v0));
    b0 = i32x4.add(b0, i32x4.dot_i16x8_s(b, v0));
    const v1 = v128.load(value, 16);
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(a, v1));
    b1 = i32x4.add(b1, i32x4.dot_i16x8_s(b, v1));
    const v2 = v128.load(value, 32);
    a2 = i32x4.add(a2, i32x4.dot_i16x8_s(a, v2));
    b2 = i32x4.add(b2, i32x4.dot_i16x8_s(b, v2));
    const v3 = v128.load(value, 48);
    a3 = i32x4.add(a3, i32x4.dot_i16x8_s(a, v3));
    b3 = i32x4.add(b3, i32x4.dot_i16x8_s(b, v3));
  }
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(a0), scale0));
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(a1), scale0), 16);
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(a2), scale0), 32);
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(a3), scale0), 48);
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(b0), scale1), 256);
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(b1), scale1), 272);
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(b2), scale1), 288);
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(b3), scale1), 304);
}

/** q k^T for two queries and 100 keys, 20 keys at a time. */
function logits(out: usize, q: usize, keys: usize): void {
  for (const end = out + 400; out < end; out += 80, keys += 80) {
    let a0 = i32x4.splat(0);
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
    for (let channel = q; channel < q + 32; channel += 4, key += 400) {
      const a = v128.load32_splat(channel);
      const b = v128.load32_splat(channel, 32);
      const k0 = v128.load(key);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(a, k0));
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(b, k0));
      const k1 = v128.load(key, 16);
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(a, k1));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(b, k1));
      const k2 = v128.load(key, 32);
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(a, k2));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(b, k2));
      const k3 = v128.load(key, 48);
      a3 = i32x4.add(a3, i32x4.dot_i16x8_s(a, k3));
      b3 = i32x4.add(b3, i32x4.dot_i16x8_s(b, k3));
      const k4 = v128.load(key, 64);
      a4 = i32x4.add(a4, i32x4.dot_i16x8_s(a, k4));
      b4 = i32x4.add(b4, i32x4.dot_i16x8_s(b, k4));
    }
    v128.store(out, f32x4.convert_i32x4_s(a0));
    v128.store(out, f32x4.convert_i32x4_s(a1), 16);
    v128.store(out, f32x4.convert_i32x4_s(a2), 32);
    v128.store(out, f32x4.convert_i32x4_s(a3), 48);
    v128.store(out, f32x4.convert_i32x4_s(a4), 64);
    v128.store(out, f32x4.convert_i32x4_s(b0), 416);
    v128.store(out, f32x4.convert_i32x4_s(b1), 432);
    v128.store(out, f32x4.convert_i32x4_s(b2), 448);
    v128.store(out, f32x4.convert_i32x4_s(b3), 464);
    v128.store(out, f32x4.convert_i32x4_s(b4), 480);
  }
}

/** Replaces 100 logits by weights; returns the factor that turns a sum over int16 weights into a mean. */
function softmax(weights: usize, scale: v128): v128 {
  let largest = v128.load(weights);
  for (let at = weights + 16; at < weights + 400; at += 16) largest = f32x4.pmax(largest, v128.load(at));
  largest = largestLane(largest);
  let sum = exponentials(weights, weights + 400, largest, scale);
  v128.store(weights, f32x4.splat(0), 400);
  sum = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 2, 3, 0, 1));
  sum = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 1, 0, 3, 2));
  const rate = f32x4.pmin(f32x4.splat(32767), f32x4.div(f32x4.splat(131000), sum));
  let out = weights;
  for (let at = weights; at < weights + 416; at += 32, out += 16) {
    v128.store(out, pairs(v128.load(at), v128.load(at, 16), rate));
  }
  return f32x4.div(f32x4.splat(1), f32x4.mul(sum, rate));
}
