import type { Memory } from "./memory.ts";

/** @see Ops.select */
export function select(
  { f32 }: Memory,
  out: number,
  e1: number,
  e2: number,
  e3: number,
  l1: number,
  l2: number,
  l3: number,
  n: number,
): void {
  for (let i = 0; i < n * 64; i++) {
    const logits = [l1, l2, l3].map((l) => f32[l / 4 + i] ?? 0);
    const weights = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
    const total = weights.reduce((a, b) => a + b);
    f32[out / 4 + i] = [e1, e2, e3].reduce((sum, e, k) => sum + ((f32[e / 4 + i] ?? 0) * (weights[k] ?? 0)) / total, 0);
  }
}
