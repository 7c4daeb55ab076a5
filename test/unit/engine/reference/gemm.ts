import type { Memory } from "./memory.ts";

/**
 * Takes the matrix in the relaxed build's order, int8 `[k / 4][o][k % 4]`, and rounds as the kernel does, bit for bit.
 *
 * @see Ops.gemm
 */
export function gemm(
  { f32, u8, i8 }: Memory,
  out: number,
  stride: number,
  q: number,
  range: number,
  weights: number,
  n: number,
): void {
  const { fround } = Math;
  const coefficient = (kind: number, o: number) => f32[(weights + 4096) / 4 + kind * 64 + o] ?? 0;
  for (let x = 0; x < n; x++) {
    const scale = f32[range / 4 + 2 * x] ?? 0;
    const minimum = f32[range / 4 + 2 * x + 1] ?? 0;
    for (let o = 0; o < 64; o++) {
      let sum = 0;
      for (let k = 0; k < 64; k++) {
        sum += (i8[weights + (k >> 2) * 256 + o * 4 + (k & 3)] ?? 0) * (u8[q + x * 64 + k] ?? 0);
      }
      const product = fround(fround(scale * coefficient(0, o)) * sum);
      f32[(out + x * stride) / 4 + o] = product + fround(fround(minimum * coefficient(1, o)) + coefficient(2, o));
    }
  }
}
