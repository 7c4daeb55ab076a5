import type { Memory } from "./memory.ts";

/** @see Ops.head */
export function head(
  { f32, u8 }: Memory,
  out: number,
  above: number,
  row: number,
  below: number,
  weights: number,
  n: number,
): void {
  const reflect = (x: number) => n - 1 - Math.abs(n - 1 - Math.abs(x));
  for (let x = 0; x < n; x++) {
    for (let o = 0; o < 64; o++) {
      let sum = f32[weights / 4 + 27 * 64 + o] ?? 0;
      for (const [dy, line] of [above, row, below].entries()) {
        for (let dx = 0; dx < 3; dx++) {
          for (let c = 0; c < 3; c++) {
            const weight = f32[weights / 4 + ((dy * 3 + dx) * 3 + c) * 64 + o] ?? 0;
            sum += (weight * (u8[line + reflect(x + dx - 1) * 3 + c] ?? 0)) / 255;
          }
        }
      }
      f32[out / 4 + x * 64 + o] = sum;
    }
  }
}
