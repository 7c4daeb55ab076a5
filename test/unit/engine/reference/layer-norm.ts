import type { Memory } from "./memory.ts";

/** @see Ops.layerNorm */
export function layerNorm({ f32 }: Memory, out: number, x: number, weights: number, n: number): void {
  for (let i = 0; i < n; i++) {
    const pixel = f32.slice(x / 4 + i * 64, x / 4 + (i + 1) * 64);
    const mean = pixel.reduce((sum, v) => sum + v, 0) / 64;
    const variance = pixel.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 64;
    for (const [c, v] of pixel.entries()) {
      const gamma = f32[weights / 4 + c] ?? 0;
      const beta = f32[weights / 4 + 64 + c] ?? 0;
      f32[out / 4 + i * 64 + c] = ((v - mean) / Math.sqrt(variance + 1e-6)) * gamma + beta;
    }
  }
}
