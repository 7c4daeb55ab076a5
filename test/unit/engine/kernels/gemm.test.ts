import { describe, expect, it } from "vitest";
import { kernelBlocks } from "../../../../src/engine/weights.ts";
import { gemm } from "../reference/gemm.ts";
import type { Memory } from "../reference/memory.ts";
import { BUILDS, loadKernels } from "./load.ts";
import { twins } from "./twin.ts";

const LAYOUTS = { "ssiu-relaxed": "int8", "ssiu-simd128": "int16" } as const;

/** Addresses in the memory, with gaps of 16 bytes or more and the output last. */
const AT = { weights: 4096, q: 16_384, range: 32_768, out: 65_536 };
const SIZE = 4 * 65_536;

interface Row {
  /** int8 `[16, 64, 4]`, see ops.ts. */
  readonly matrix: Int8Array;
  /** float32 `[3, 64]`. */
  readonly scales: Float32Array;
  /** uint8 `[n, 64]` in 0..127. */
  readonly q: Uint8Array;
  /** float32 `[n, 2]`. */
  readonly range: Float32Array;
}

/** The memory after the kernel or its twin has run, without the kernels' own part and the weights. */
function memoryAfter(row: Row, stride: number, build?: (typeof BUILDS)[number]): Uint8Array {
  const memory = new WebAssembly.Memory({ initial: SIZE / 65_536, maximum: 4096 });
  const run = build ? loadKernels(build, memory).gemm : gemm.bind(undefined, views(memory.buffer));
  const bytes = new Uint8Array(memory.buffer);
  bytes.fill(0xff, AT.weights);
  const block = kernelBlocks(
    new Map([
      ["w.matrix", { dtype: "I8", shape: [16, 64, 4], data: row.matrix }],
      ["w.scales", { dtype: "F32", shape: [3, 64], data: row.scales }],
    ]),
    build ? LAYOUTS[build] : "int8",
  ).get("w");
  bytes.set(block ?? [], AT.weights);
  bytes.set(row.q, AT.q);
  bytes.set(new Uint8Array(row.range.buffer), AT.range);
  run(AT.out, stride, AT.q, AT.range, AT.weights, row.q.length / 64);
  return bytes.subarray(AT.q);
}

/** Expects the kernel to leave the same memory as its twin. @returns that memory */
function expectItsTwin(row: Row, stride: number, build: (typeof BUILDS)[number]): Uint8Array {
  const bytes = memoryAfter(row, stride, build);
  expect(Buffer.compare(bytes, memoryAfter(row, stride))).toBe(0);
  return bytes;
}

function views(buffer: ArrayBuffer): Memory {
  return { f32: new Float32Array(buffer), u8: new Uint8Array(buffer), i8: new Int8Array(buffer) };
}

/** A matrix within the kernel's bound, because about half of the 32 weights that share a lane are positive. */
function randomMatrix(noise: (length: number, low: number, high: number) => number[]): Int8Array {
  return Int8Array.from(noise(4096, -12, 13), Math.floor);
}

/** A row of random values. */
function randomRow(n: number): Row {
  const { noise } = twins();
  return {
    matrix: randomMatrix(noise),
    scales: Float32Array.from(noise(192)),
    q: Uint8Array.from(noise(n * 64, 0, 128)),
    range: Float32Array.from(noise(2 * n, -2, 2)),
  };
}

describe.each(BUILDS)("gemm, %s", (build) => {
  it.each([4, 5, 6, 7, 8, 9, 16, 18, 35, 128])("is its twin bit for bit and writes nothing else, n = %i", (n) => {
    const row = randomRow(n);
    for (const stride of [256, 512, 768]) expectItsTwin(row, stride, build);
  });

  // A lane holds 258 * 127 at most, here from many weights or from three.
  it.each([
    ["many weights", 1, 127],
    ["many weights", -1, 127],
    ["many weights", 1, 0],
    ["three weights", 1, 127],
    ["three weights", -1, 127],
  ])("is exact where %s, their sign %i, reach the bound with levels of %i", (how, sign, level) => {
    const n = 4;
    const few: Readonly<Record<number, number>> = { 0: 127, 5: 127, 60: 4, 2: 127, 7: 127, 62: 4 };
    const many = (k: number) => (k < 4 && k % 2 === 0 ? 10 : 8);
    const weight = how === "many weights" ? many : (k: number) => few[k] ?? 0;
    const row = {
      matrix: Int8Array.from({ length: 4096 }, (_, i) => sign * weight(4 * Math.floor(i / 256) + (i % 4))),
      scales: Float32Array.from({ length: 192 }, (_, i) => (i < 64 ? 1 : 0)),
      q: new Uint8Array(n * 64).fill(level),
      range: Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 ? 0 : 1)),
    };
    const bytes = expectItsTwin(row, 256, build);
    const out = new Float32Array(bytes.slice(AT.out - AT.q, AT.out - AT.q + n * 256).buffer);
    expect(new Set(out)).toEqual(new Set([sign * 2 * 258 * level + 0]));
  });

  it("is its twin for numbers of every size", () => {
    const row = randomRow(8);
    const scales = row.scales.map((v, i) => v * 10 ** ((i % 31) - 15));
    const range = row.range.map((v, i) => v * 10 ** (2 * i - 15));
    expectItsTwin({ ...row, scales, range }, 256, build);
  });
});
