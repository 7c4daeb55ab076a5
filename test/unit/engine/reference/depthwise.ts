import type { Memory } from "./memory.ts";

/** @see Ops.depthwise */
export function depthwise(
  { f32 }: Memory,
  out: number,
  above: number,
  row: number,
  below: number,
  weights: number,
  n: number,
): void {
  const reflect = (x: number) => n - 1 - Math.abs(n - 1 - Math.abs(x));
  for (let x = 0; x < n; x++) {
    for (let c = 0; c < 64; c++) {
      let sum = f32[weights / 4 + 9 * 64 + c] ?? 0;
      for (const [dy, line] of [above, row, below].entries()) {
        for (let dx = 0; dx < 3; dx++) {
          const weight = f32[weights / 4 + (dy * 3 + dx) * 64 + c] ?? 0;
          sum += weight * (f32[line / 4 + reflect(x + dx - 1) * 64 + c] ?? 0);
        }
      }
      f32[out / 4 + x * 64 + c] = sum;
    }
  }
}
