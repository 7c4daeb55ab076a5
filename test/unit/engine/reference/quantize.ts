import type { Memory } from "./memory.ts";

const { fround } = Math;

/**
 * Rounds as the kernel does, so the bits are the same.
 *
 * @see Ops.quantize
 */
export function quantize(memory: Memory, q: number, range: number, x: number, inputs: number, n: number): void {
  const { f32 } = memory;
  quantizeValues(memory, { q, range, inputs, n }, (i) => f32[x / 4 + i] ?? Number.NaN);
}

/** @see Ops.quantizeDifference */
export function quantizeDifference(
  memory: Memory,
  q: number,
  range: number,
  x: number,
  y: number,
  inputs: number,
  n: number,
): void {
  const { f32 } = memory;
  quantizeValues(memory, { q, range, inputs, n }, (i) =>
    fround((f32[x / 4 + i] ?? Number.NaN) - (f32[y / 4 + i] ?? Number.NaN)),
  );
}

function quantizeValues(
  { f32, u8 }: Memory,
  { q, range, inputs, n }: { q: number; range: number; inputs: number; n: number },
  valueAt: (i: number) => number,
): void {
  const [offset, factor] = [f32.subarray(inputs / 4), f32.subarray(inputs / 4 + 64)];
  for (let i = 0; i < n; i++) {
    const pixel = Float32Array.from(
      { length: 64 },
      (_, c) => fround(valueAt(i * 64 + c) - (offset[c] ?? Number.NaN)) * (factor[c] ?? Number.NaN),
    );
    const { levels, scale, minimum } = quantized(pixel);
    u8.set(levels, q + i * 64);
    f32.set([scale, minimum], range / 4 + i * 2);
  }
}

function quantized(pixel: Float32Array): { levels: number[]; scale: number; minimum: number } {
  const minimum = Math.min(...pixel);
  const span = fround(Math.max(...pixel) - minimum);
  // An overflow becomes the greatest float instead of infinity, so that 0 times it is 0.
  const rate = Math.min(fround(127 / span), MOST);
  return {
    levels: Array.from(pixel, (value) => nearestEven(fround(fround(value - minimum) * rate))),
    scale: span / 127,
    minimum,
  };
}

const MOST = 2 ** 128 - 2 ** 104;

function nearestEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return below + (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? 1 : 0);
}
