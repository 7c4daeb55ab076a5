import { concat } from "../core/bytes.ts";
import type { Scale } from "../core/image.ts";
import { readSafetensors, type Tensor, type Tensors } from "./safetensors.ts";

/** Version of the packed files, written by models/training/pack.py. */
const VERSION = "3";

const CHANNELS = 64;
const MATRIX = CHANNELS * CHANNELS;

/**
 * Reads packed weights. Each 64x64 part `name` of a 1x1 convolution has `name.matrix`, int8 `[16 (k / 4), 64 o, 4 (k % 4)]`,
 * symmetric, with one scale per output channel, small enough for sums in int16; and `name.scales`, float32 `[3, 64]`: that
 * scale a, a * sum_k w[o, k], the bias. Each of their inputs has `name.inputs`, float32 `[2, 64]`: offset, factor. Everything
 * else is float32, channels innermost.
 *
 * @throws {RangeError} if the version, the scale or a shape is another.
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
    const expected = expectedShape(name, dtype) ?? shape;
    if (`${shape}` !== `${expected}`) throw new RangeError(`Expected shape [${expected}] for ${name}, got [${shape}]`);
  }
  return tensors;
}

function expectedShape(name: string, dtype: Tensor["dtype"]): readonly number[] | undefined {
  if (dtype === "I8") return [16, CHANNELS, 4];
  if (name.endsWith(".scales")) return [3, CHANNELS];
  return name.endsWith(".inputs") ? [2, CHANNELS] : undefined;
}

/** Names of the convolutions before each PixelShuffle; x4 takes two steps of 2. */
export function upsamplers(scale: Scale): readonly string[] {
  return scale === 4 ? ["tail.0", "tail.3"] : ["tail.0"];
}

/** How a build's gemm expects its matrices: int8 for the relaxed dot, int16 for the plain one. */
export type MatrixLayout = "int8" | "int16";

/** The tensors as blocks of bytes for the kernels' memory; `.matrix` and `.scales` of a convolution become one block. */
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
  const wide = new Int16Array(MATRIX);
  let to = 0;
  for (let k = 0; k < CHANNELS; k += 2) {
    for (let o = 0; o < CHANNELS; o++) {
      const from = (k >> 2) * 4 * CHANNELS + 4 * o + (k & 3);
      wide[to++] = matrix[from] ?? Number.NaN;
      wide[to++] = matrix[from + 1] ?? Number.NaN;
    }
  }
  return wide;
}

function bytesOf(...parts: readonly (Float32Array | Int8Array | Int16Array)[]): Uint8Array {
  return concat(parts.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)));
}
