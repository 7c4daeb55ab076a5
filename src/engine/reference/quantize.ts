import type { Memory } from "./memory.ts";

const { fround } = Math;

/**
 * Rounded as the kernel rounds, so bit for bit the same.
 *
 * @see Ops.quantize
 */
export function quantize({ f32, u8 }: Memory, q: number, range: number, x: number, n: number): void {
  for (let i = 0; i < n; i++) {
    const pixel = f32.subarray(x / 4 + i * 64, x / 4 + (i + 1) * 64);
    const { levels, scale, minimum } = quantized(pixel);
    u8.set(levels, q + i * 64);
    f32.set([scale, minimum], range / 4 + i * 2);
  }
}

/** @see Ops.quantizeDifference */
export function quantizeDifference(
  { f32, u8 }: Memory,
  q: number,
  range: number,
  x: number,
  y: number,
  n: number,
): void {
  for (let i = 0; i < n; i++) {
    const pixel = Float32Array.from({ length: 64 }, (_, c) => {
      const at = i * 64 + c;
      return (f32[x / 4 + at] ?? 0) - (f32[y / 4 + at] ?? 0);
    });
    const { levels, scale, minimum } = quantized(pixel);
    u8.set(levels, q + i * 64);
    f32.set([scale, minimum], range / 4 + i * 2);
  }
}

function quantized(pixel: Float32Array): { levels: number[]; scale: number; minimum: number } {
  const minimum = Math.min(...pixel);
  const span = fround(Math.max(...pixel) - minimum);
  // What overflows is the greatest float, so that 0 times it is 0.
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
