import { expect, it } from "vitest";
import { tail } from "../reference/tail.ts";
import { twins } from "./twin.ts";

interface Picture {
  readonly n: number;
  readonly scale: number;
  readonly fy: number;
  /** Values are multiples of 1 / `steps`, so that a power of two makes their sums exact in float32. */
  readonly steps: number;
  readonly amplitude: number;
}

function tailOf({ n, scale, fy, steps, amplitude }: Picture) {
  const { f32, u8, room, noise, bytes, run } = twins();
  const coarse = (values: number[]) => f32(values.map((value) => Math.round(value * steps) / steps));
  const row = () => coarse(noise(n * 64));
  const weights = coarse(noise(27 * 64 + 3, -amplitude, amplitude));
  const source = () => u8(bytes((n / scale) * 3));
  const args = [room(n * 3), row(), row(), row(), weights, source(), source(), fy, scale, n] as const;
  return run("tail", tail, [...args], { size: n * 3 });
}

it.each([
  [2, 2],
  [4, 2],
  [6, 2],
  [34, 2],
  [128, 2],
  [4, 4],
  [8, 4],
  [36, 4],
  [64, 4],
])("agrees where sums are exact, ties included, n = %i, x%i", (n, scale) => {
  for (const fy of [0, 0.25, 0.5, 0.875]) {
    const { kernel, twin } = tailOf({ n, scale, fy, steps: 16, amplitude: 1 / 16 });
    expect(kernel.u8).toEqual(twin.u8);
  }
});

it.each([
  [6, 2],
  [6, 3],
  [12, 3],
  [48, 3],
  [96, 3],
  [64, 4],
])("differs by 1 where a sum is next to a tie, n = %i, x%i", (n, scale) => {
  const { kernel, twin } = tailOf({ n, scale, fy: 1 / 3, steps: 1e6, amplitude: 0.05 });
  const differences = [...kernel.u8].map((value, i) => Math.abs(value - (twin.u8[i] ?? 0)));
  expect(Math.max(...differences)).toBeLessThanOrEqual(1);
  expect(differences.filter((d) => d > 0).length).toBeLessThanOrEqual(n / 50);
});

it.each([1e-3, 1e3, 1e30])("clamps, weights up to %f", (amplitude) => {
  const { kernel, twin } = tailOf({ n: 16, scale: 2, fy: 0.5, steps: 1e6, amplitude });
  expect(kernel.u8).toEqual(twin.u8);
});
