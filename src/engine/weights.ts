import type { Scale } from "../core/image.ts";
import { readSafetensors, type Safetensors, type Tensor, type Tensors } from "./safetensors.ts";

/** Raise it when the packed files change shape or order: a load refuses another version. */
const VERSION = "2";

/** Largest sum of weights in a lane: with levels up to 127, `258 * 127 < 2 ** 15`. */
const LANE_SUM = 258;

const CHANNELS = 64;
const MATRIX = CHANNELS * CHANNELS;
const STEPS = 9;

/**
 * Packs the float32 master of a model for the kernels (see ops.ts). A 64x64 matrix `name` becomes `name.matrix`, int8
 * `[16 (k / 4), 64 o, 4 (k % 4)]`, symmetric, one scale for each output channel, small enough for sums in int16, and `name.scales`, float32 `[3, 64]`:
 * that scale a, a * sum_k w[o, k], the bias. Everything else stays float32, channels innermost.
 */
export function packWeights(master: Tensors, scale: Scale): Safetensors {
  const packed = new Map<string, Tensor>();
  const get = (name: string) => {
    const tensor = master.get(name);
    if (tensor?.dtype !== "F32") throw new RangeError(`Expected float32 weights for ${name}`);
    return tensor.data;
  };
  const floats = (name: string, shape: readonly number[], data: Float32Array) =>
    packed.set(name, { dtype: "F32", shape, data });
  /** Output o of the matrix is output `channel(o)` of the convolution `name`. */
  const matrix = (to: string, name: string, channel: (o: number) => number, bias: Float32Array) => {
    const { quantized, scales } = packMatrix(get(`${name}.weight`), channel, bias);
    packed.set(`${to}.matrix`, { dtype: "I8", shape: [16, CHANNELS, 4], data: quantized });
    floats(`${to}.scales`, [3, CHANNELS], scales);
  };
  const conv1x1 = (name: string) => matrix(name, name, (o) => o, get(`${name}.bias`));
  const shuffled = (name: string, factor: number) => {
    for (let part = 0; part < factor ** 2; part++) {
      matrix(`${name}.${part}`, name, (o) => o * factor ** 2 + part, get(`${name}.bias`));
    }
  };
  const depthwise = (name: string) =>
    floats(name, [10, CHANNELS], concat(transposed(get(`${name}.weight`), CHANNELS, 9), get(`${name}.bias`)));

  // [64, 3, 3, 3] -> [9, 3, 64]
  const head = get("head.weight");
  const headWeights = Float32Array.from({ length: 27 * CHANNELS }, (_, i) => {
    const [tap, c, o] = [Math.floor(i / (3 * CHANNELS)), Math.floor(i / CHANNELS) % 3, i % CHANNELS];
    return head[o * 27 + c * 9 + tap] ?? Number.NaN;
  });
  floats("head", [28, CHANNELS], concat(headWeights, get("head.bias")));

  for (let step = 0; step < STEPS; step++) {
    const at = `body.${step}`;
    floats(`${at}.norm`, [2, CHANNELS], concat(get(`${at}.norm.body.weight`), get(`${at}.norm.body.bias`)));
    for (const gating of ["s1", "s2", "s4", "ffn"]) {
      conv1x1(`${at}.${gating}.project_in1`);
      conv1x1(`${at}.${gating}.project_in2.0`);
      depthwise(`${at}.${gating}.project_in2.1`);
      conv1x1(`${at}.${gating}.project_in2.2`);
      conv1x1(`${at}.${gating}.project_out`);
    }
    for (const [part, name] of ["q", "k", "v"].entries()) {
      const qkv = `${at}.s3.qkv_conv`;
      matrix(`${qkv}.${name}`, qkv, (o) => part * CHANNELS + o, new Float32Array(3 * CHANNELS));
    }
    floats(`${at}.s3.position`, [20, 8], concat(get(`${at}.s3.rel_h`), get(`${at}.s3.rel_w`)));
    depthwise(`${at}.s3.LocalProp.0`);
  }

  for (const name of ["moe.fc_a", "moe.fc_b", "moe.fc_c", "moe.fuse"]) conv1x1(name);

  for (const name of upsamplers(scale)) shuffled(name, scale === 3 ? 3 : 2);
  // [3, 64, 3, 3] -> [9, 3, 64]
  const last = `tail.${scale === 4 ? 6 : 3}`;
  const tail = get(`${last}.weight`);
  const tailWeights = Float32Array.from({ length: 27 * CHANNELS }, (_, i) => {
    const [tap, o, c] = [Math.floor(i / (3 * CHANNELS)), Math.floor(i / CHANNELS) % 3, i % CHANNELS];
    return tail[o * 9 * CHANNELS + c * 9 + tap] ?? Number.NaN;
  });
  floats("tail", [27 * CHANNELS + 4], concat(tailWeights, get(`${last}.bias`), new Float32Array(1)));
  return { tensors: packed, metadata: { version: VERSION, scale: `${scale}` } };
}

/**
 * Reads packed weights.
 *
 * @throws {RangeError} if they are of another version, another scale or another shape.
 */
export function readPacked(bytes: Uint8Array, scale: Scale): Tensors {
  const { tensors, metadata } = readSafetensors(bytes);
  const { version, scale: actual } = metadata;
  if (version !== VERSION || actual !== `${scale}`) {
    throw new RangeError(
      `Expected packed weights of version ${VERSION} for x${scale}, got version ${version}, x${actual}`,
    );
  }
  for (const [name, { dtype, shape }] of tensors) {
    const expected = dtype === "I8" ? [16, CHANNELS, 4] : name.endsWith(".scales") ? [3, CHANNELS] : shape;
    if (`${shape}` !== `${expected}`) throw new RangeError(`Expected shape [${expected}] for ${name}, got [${shape}]`);
  }
  return tensors;
}

/** The convolutions before each PixelShuffle: x4 goes in two steps of 2. */
export function upsamplers(scale: Scale): readonly string[] {
  return scale === 4 ? ["tail.0", "tail.3"] : ["tail.0"];
}

/** How a build's gemm wants its matrices: int8 for the relaxed dot, int16 for the plain one. */
export type MatrixLayout = "int8" | "int16";

/** A tensor as its bytes stand in the kernels' memory: `.matrix` and `.scales` of one convolution become one block. */
export function kernelBlocks(packed: Tensors, layout: MatrixLayout): ReadonlyMap<string, Uint8Array> {
  const blocks = new Map<string, Uint8Array>();
  for (const [name, { dtype, data }] of packed) {
    if (dtype === "I8") {
      const matrix = layout === "int8" ? data : widen(data);
      const scales = packed.get(name.replace(/matrix$/, "scales"));
      if (scales === undefined) throw new RangeError(`Expected scales beside ${name}`);
      blocks.set(name.replace(/\.matrix$/, ""), bytesOf(matrix, scales.data));
    } else if (!name.endsWith(".scales")) {
      blocks.set(name, bytesOf(data));
    }
  }
  return blocks;
}

/** int8 `[16 (k / 4), 64, 4 (k % 4)]` -> int16 `[32 (k / 2), 64, 2 (k % 2)]`. */
function widen(matrix: Int8Array): Int16Array {
  return Int16Array.from({ length: MATRIX }, (_, i) => {
    const [k, o] = [2 * Math.floor(i / (2 * CHANNELS)) + (i % 2), Math.floor(i / 2) % CHANNELS];
    return matrix[(k >> 2) * 4 * CHANNELS + 4 * o + (k & 3)] ?? Number.NaN;
  });
}

function packMatrix(weights: Float32Array, channel: (o: number) => number, bias: Float32Array) {
  const quantized = new Int8Array(MATRIX);
  const scales = new Float32Array(3 * CHANNELS);
  for (let o = 0; o < CHANNELS; o++) {
    const row = weights.subarray(channel(o) * CHANNELS, (channel(o) + 1) * CHANNELS);
    const { scale, levels } = quantizeRow(row);
    for (const [k, q] of levels.entries()) quantized[(k >> 2) * 4 * CHANNELS + 4 * o + (k & 3)] = q;
    scales[o] = scale;
    scales[CHANNELS + o] = scale * levels.reduce((sum, q) => sum + q, 0);
    scales[2 * CHANNELS + o] = bias[channel(o)] ?? Number.NaN;
  }
  return { quantized, scales };
}

/** The weights of one output as whole multiples of the smallest scale that int8 and {@link LANE_SUM} allow. */
function quantizeRow(row: Float32Array): { scale: number; levels: Int8Array } {
  const least = Math.max(...laneSums(row).map((sum) => sum / LANE_SUM), ...row.map((w) => Math.abs(w) / 127));
  if (least === 0) return { scale: 0, levels: new Int8Array(row.length) };
  // Rounding can lift a sum above the limit.
  for (let scale = Math.fround(least); ; scale = Math.fround(scale * 1.002)) {
    const levels = Int8Array.from(row, (w) => Math.round(w / scale));
    if (Math.max(...laneSums(levels)) <= LANE_SUM) return { scale, levels };
  }
}

/**
 * The kernel adds up the products of k % 4 < 2 in one int16 lane, those of the other k in another. Levels are not negative,
 * so a lane reaches from the sum of its negative weights to that of its positive ones: the magnitudes of these four.
 */
function laneSums(row: Float32Array | Int8Array): number[] {
  const sums = [0, 0, 0, 0];
  for (const [k, w] of row.entries()) {
    const sum = (k & 2) + (w < 0 ? 1 : 0);
    sums[sum] = (sums[sum] ?? 0) + Math.abs(w);
  }
  return sums;
}

/** [rows, columns] -> [columns, rows] */
function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  return data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)] ?? Number.NaN);
}

function concat(...parts: readonly Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

function bytesOf(...parts: readonly (Float32Array | Int8Array | Int16Array)[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return bytes;
}
