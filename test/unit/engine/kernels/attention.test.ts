import { expect, it } from "vitest";
import { attention } from "../reference/attention.ts";
import { largestDifference, twins } from "./twin.ts";

interface Maps {
  readonly w?: number;
  readonly h?: number;
  readonly x?: number;
  readonly y?: number;
  /** The value of the whole map; without it, noise. */
  readonly q?: number;
  readonly k?: number;
  readonly v?: number;
  readonly position?: number;
  /** Bound of the noise. */
  readonly amplitude?: number;
}

/** Runs one block. `out` holds 1 before, so that other blocks have to keep that. */
function attend({ w = 8, h = 8, x = 0, y = 0, amplitude = 1, ...values }: Maps) {
  const { f32, room, noise, run } = twins();
  const fill = (length: number, value?: number) =>
    f32(value === undefined ? noise(length, -amplitude, amplitude) : new Array(length).fill(value));
  const map = (value?: number) => fill(w * h * 64, value);
  const out = map(1);
  const [q, k, v] = [map(values.q), map(values.k), map(values.v)];
  const scratch = room(65536);
  const args = [out, q, k, v, fill(160, values.position), scratch, x, y, w, h] as const;
  return run("attention", attention, [...args], { size: w * h * 256, scratch });
}

it.each([
  [8, 8, 0, 0],
  [16, 8, 8, 0],
  [8, 24, 0, 8],
  [24, 24, 0, 0],
  [24, 24, 8, 8],
  [24, 24, 16, 16],
])("attends in a map of %ix%i at (%i, %i)", (w, h, x, y) => {
  const { kernel, twin } = attend({ w, h, x, y });
  expect(largestDifference(kernel.f32, twin.f32)).toBeLessThanOrEqual(1.5e-4);
});

it("attends sharply, logits up to 100", () => {
  const { kernel, twin } = attend({ w: 16, h: 16, x: 8, amplitude: 8 });
  expect(largestDifference(kernel.f32, twin.f32)).toBeLessThanOrEqual(8 * 4e-3);
});

it.each([0, -0, 1e-30, 3])("gives the mean of the values where all queries are %f and all keys alike", (q) => {
  const { kernel, twin } = attend({ q, k: 0, position: 0 });
  expect(largestDifference(kernel.f32, twin.f32)).toBeLessThanOrEqual(1e-4);
});

it("gives 0 for values of 0, however large the logits", () => {
  const { kernel } = attend({ v: 0, amplitude: 1e4 });
  expect(Math.max(...kernel.f32.map(Math.abs))).toBe(0);
});
