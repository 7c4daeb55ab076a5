import type { Memory } from "./memory.ts";

/** @see Ops.gelu */
export function gelu({ f32 }: Memory, out: number, x: number, n: number): void {
  for (let i = 0; i < n * 64; i++) f32[out / 4 + i] = exactGelu(f32[x / 4 + i] ?? 0);
}

/** @see Ops.geluMul */
export function geluMul({ f32 }: Memory, out: number, u: number, w: number, n: number): void {
  for (let i = 0; i < n * 64; i++) f32[out / 4 + i] = exactGelu(f32[u / 4 + i] ?? 0) * (f32[w / 4 + i] ?? 0);
}

/** x Phi(x), to the precision of float64. */
function exactGelu(x: number): number {
  return x * normalCdf(x);
}

/**
 * The area under the normal density phi: 1/2 + phi(x) (x + x^3 / 3 + x^5 / (3 * 5) + ...) around 0, and
 * phi(x) / (x + 1 / (x + 2 / (x + 3 / (x + ...)))) above.
 *
 * @see Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.11 and 26.2.14.
 */
function normalCdf(x: number): number {
  const t = Math.abs(x);
  const density = Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  let tail: number;
  if (t < 3) {
    let term = t;
    let sum = t;
    for (let k = 3; k < 100; k += 2) {
      term *= (t * t) / k;
      sum += term;
    }
    tail = 0.5 - density * sum;
  } else {
    let fraction = t;
    for (let k = 100; k >= 1; k--) fraction = t + k / fraction;
    tail = density / fraction;
  }
  return x < 0 ? tail : 1 - tail;
}
