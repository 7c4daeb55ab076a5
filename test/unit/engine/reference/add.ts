import type { Memory } from "./memory.ts";

/** @see Ops.add */
export function add({ f32 }: Memory, out: number, x: number, y: number, n: number): void {
  for (let i = 0; i < n * 64; i++) f32[out / 4 + i] = (f32[x / 4 + i] ?? 0) + (f32[y / 4 + i] ?? 0);
}
