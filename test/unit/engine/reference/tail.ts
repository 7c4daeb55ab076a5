import type { Memory } from "./memory.ts";

/** @see Ops.tail */
export function tail(
  { f32, u8 }: Memory,
  out: number,
  above: number,
  row: number,
  below: number,
  weights: number,
  upper: number,
  lower: number,
  fy: number,
  scale: number,
  n: number,
): void {
  const reflect = (x: number) => n - 1 - Math.abs(n - 1 - Math.abs(x));
  const source = (x: number, o: number) => {
    const i = Math.min(Math.max(x, 0), n / scale - 1) * 3 + o;
    return (1 - fy) * (u8[upper + i] ?? 0) + fy * (u8[lower + i] ?? 0);
  };
  for (let x = 0; x < n; x++) {
    const position = (x + 0.5) / scale - 0.5;
    const left = Math.floor(position);
    for (let o = 0; o < 3; o++) {
      let sum = f32[weights / 4 + 27 * 64 + o] ?? 0;
      for (const [dy, line] of [above, row, below].entries()) {
        for (let dx = 0; dx < 3; dx++) {
          for (let c = 0; c < 64; c++) {
            const weight = f32[weights / 4 + ((dy * 3 + dx) * 3 + o) * 64 + c] ?? 0;
            sum += weight * (f32[line / 4 + reflect(x + dx - 1) * 64 + c] ?? 0);
          }
        }
      }
      const enlarged = source(left, o) + (position - left) * (source(left + 1, o) - source(left, o));
      u8[out + x * 3 + o] = nearestEven(Math.min(Math.max(sum * 255 + enlarged, 0), 255));
    }
  }
}

function nearestEven(x: number): number {
  const down = Math.floor(x);
  if (x - down === 0.5) return down + (down % 2);
  return Math.round(x);
}
