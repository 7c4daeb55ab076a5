import { describe, expect, it } from "vitest";
import { type Rgb, SCALES, type Size, VARIANTS } from "../../../src/core/image.ts";
import { readModel } from "../../../src/engine/node-engines.ts";
import type { Ops } from "../../../src/engine/ops.ts";
import { createSimdEngine, type Kernels, type SimdEngineOptions } from "../../../src/engine/simd-engine.ts";
import { readPacked } from "../../../src/engine/weights.ts";
import { loadKernels } from "./kernels/load.ts";
import { referenceKernels } from "./kernels/reference-kernels.ts";
import { twins } from "./kernels/twin.ts";

/** Largest difference from plain TypeScript, relative to the largest value of a call; 0 means the same bits. */
const BOUNDS: Readonly<Record<keyof Ops, number>> = {
  quantize: 0,
  quantizeDifference: 0,
  gemm: 0,
  add: 0,
  maxPool: 0,
  // The total over a row, in 8-bit levels: next to a tie, a float32 sum may be rounded to the other side.
  tail: 1,
  head: 1e-6,
  layerNorm: 1e-6,
  depthwise: 1e-6,
  upsampleAdd: 1e-6,
  select: 1e-6,
  gelu: 1e-4,
  geluMul: 3e-4,
  attention: 1e-3,
};

const loadWeights: SimdEngineOptions["loadWeights"] = async (network) =>
  readPacked(await readModel("packed", network), network.scale);

const simd128: Kernels = { layout: "int16", instantiate: (memory) => loadKernels("ssiu-simd128", memory) };

/** The relaxed build; `worst` keeps the largest difference of each operation from the plain one on the same memory. */
function compared(worst: Map<string, number>): Kernels {
  return {
    layout: "int8",
    instantiate(memory) {
      const kernels = loadKernels("ssiu-relaxed", memory);
      const plain = referenceKernels.instantiate(memory);
      const run = (op: keyof Ops, args: number[]) => {
        const regions = written(op, args).map(([at, size]) => new Uint8Array(memory.buffer, at, size));
        // The plain operation runs first and is undone, because `out` may be an input and the network needs the kernel's result.
        const before = regions.map((region) => region.slice());
        Reflect.apply(plain[op], undefined, args);
        const expected = regions.map((region) => region.slice());
        for (const [i, region] of regions.entries()) region.set(before[i] ?? []);
        Reflect.apply(kernels[op], undefined, args);
        const difference = differenceOf(op, Buffer.concat(regions), Buffer.concat(expected));
        worst.set(op, Math.max(worst.get(op) ?? 0, difference));
      };
      // The cast is safe because the network asks only for operations.
      return new Proxy(plain, {
        get:
          (_, op) =>
          (...args: number[]) =>
            run(op as keyof Ops, args),
      });
    },
  };
}

/** Where an operation writes (see ops.ts): pairs of address and number of bytes. */
function written(op: keyof Ops, args: readonly number[]): readonly (readonly [number, number])[] {
  const [out = 0, second = 0] = args;
  const n = args.at(-1) ?? 0;
  if (op === "attention") {
    const [x = 0, y = 0, w = 0] = args.slice(6);
    return Array.from({ length: 8 }, (_, row) => [out + ((y + row) * w + x) * 256, 8 * 256] as const);
  }
  if (op === "quantize" || op === "quantizeDifference") {
    return [
      [out, 64 * n],
      [second, 8 * n],
    ];
  }
  if (op === "gemm") return [[out, (n - 1) * second + 256]];
  if (op === "maxPool") return [[out, (n / 2) * 256]];
  return [[out, op === "tail" ? 3 * n : n * 256]];
}

/** The difference in the sense of {@link BOUNDS}. */
function differenceOf(op: keyof Ops, actual: Buffer, expected: Buffer): number {
  if (BOUNDS[op] === 0) return actual.equals(expected) ? 0 : 1;
  const values = (bytes: Buffer) => (op === "tail" ? bytes : new Float32Array(Uint8Array.from(bytes).buffer));
  const [left, right] = [values(actual), values(expected)];
  let [sum, worst, largest] = [0, 0, 0];
  for (const [i, value] of right.entries()) {
    const difference = Math.abs(value - (left[i] ?? Number.NaN));
    sum += difference;
    worst = Math.max(worst, difference);
    largest = Math.max(largest, Math.abs(value));
  }
  return op === "tail" ? sum : worst / largest;
}

/** Stripes of pure red and blue, 1 px wide, above noise of pure colours, far from anything the network has learned. */
function harsh({ width, height }: Size): Rgb {
  const data = Uint8ClampedArray.from(twins().noise(3 * width * height), (value) => (value < 0 ? 0 : 255));
  for (let i = 0; i < (width * height) / 2; i++) data.set(i % 2 ? [255, 0, 0] : [0, 0, 255], 3 * i);
  return { width, height, data };
}

describe.each(SCALES)("x%i", (scale) => {
  it.each(VARIANTS)("does each operation as plain TypeScript does, on a harsh picture, %s", async (variant) => {
    const picture = harsh({ width: 16, height: 16 });
    const worst = new Map<string, number>();
    const relaxed = createSimdEngine({ kernels: compared(worst), loadWeights });
    const result = await relaxed.upscale(picture, { scale, variant });
    const measured = Object.entries(BOUNDS).map(([op, bound]) => ({ op, bound, worst: worst.get(op) ?? Number.NaN }));
    expect(measured.filter(({ bound, worst }) => !(worst <= bound))).toEqual([]);
    const other = createSimdEngine({ kernels: simd128, loadWeights });
    expect(await other.upscale(picture, { scale, variant })).toEqual(result);
  });
});
