import type { Memory } from "./memory.ts";

/** @see Ops.maxPool */
export function maxPool({ f32 }: Memory, out: number, upper: number, lower: number, n: number): void {
  const at = (row: number, x: number, c: number) => f32[row / 4 + x * 64 + c] ?? 0;
  for (let x = 0; x < n / 2; x++) {
    for (let c = 0; c < 64; c++) {
      const four = [at(upper, 2 * x, c), at(upper, 2 * x + 1, c), at(lower, 2 * x, c), at(lower, 2 * x + 1, c)];
      f32[out / 4 + x * 64 + c] = Math.max(...four);
    }
  }
}
