import type { Memory } from "./memory.ts";

/** @see Ops.upsampleAdd */
export function upsampleAdd({ f32 }: Memory, out: number, upper: number, lower: number, fy: number, n: number): void {
  const last = n / 2 - 1;
  const at = (x: number, c: number) =>
    (1 - fy) * (f32[upper / 4 + x * 64 + c] ?? 0) + fy * (f32[lower / 4 + x * 64 + c] ?? 0);
  for (let x = 0; x < n; x++) {
    const left = Math.floor((x * last) / (n - 1));
    const right = Math.min(left + 1, last);
    const fx = (x * last) / (n - 1) - left;
    for (let c = 0; c < 64; c++) {
      const i = out / 4 + x * 64 + c;
      f32[i] = (f32[i] ?? 0) + (1 - fx) * at(left, c) + fx * at(right, c);
    }
  }
}
