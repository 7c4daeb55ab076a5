import { expect, it } from "vitest";
import { select } from "../reference/select.ts";
import { largestDifference, twins } from "./twin.ts";

const size = (n: number) => ({ size: n * 256 });

it.each([1, 2, 3, 16, 37])("mixes three candidates, n = %i", (n) => {
  const { f32, room, noise, run } = twins();
  const row = () => f32(noise(n * 64, -10, 10));
  const args = [room(n * 256), row(), row(), row(), row(), row(), row(), n] as const;
  const { kernel, twin } = run("select", select, [...args], size(n));
  expect(largestDifference(kernel.f32, twin.f32)).toBeLessThanOrEqual(10 * 2e-6);
});

it.each([
  [[0, 0, 0], 2],
  [[-0, 0, -0], 2],
  [[1e30, -1e30, 0], 1],
  [[-3e38, 3e38, -3e38], 2],
  [[-1e4, -1e4, -1e4 + 200], 3],
  [[5, 5, -500], 1.5],
])("weighs logits %j", (logits, expected) => {
  const { f32, room, run } = twins();
  const flat = (value = 0) => f32(new Array(64).fill(value));
  const [l1, l2, l3] = logits;
  const args = [room(256), flat(1), flat(2), flat(3), flat(l1), flat(l2), flat(l3), 1] as const;
  const { kernel } = run("select", select, [...args], size(1));
  expect(Math.max(...kernel.f32)).toBeCloseTo(expected, 5);
  expect(Math.min(...kernel.f32)).toBeCloseTo(expected, 5);
});

it("takes exponentials to 2e-6 of their value, down to e^-87, and to 0 soon after", () => {
  const { f32, room, noise, run } = twins();
  const n = 64;
  const x = noise(n * 64, -95, 0);
  const zeros = f32(new Array(n * 64).fill(0));
  const ones = f32(new Array(n * 64).fill(1));
  const nowhere = f32(new Array(n * 64).fill(-1000));
  const { kernel } = run("select", select, [room(n * 256), ones, zeros, zeros, f32(x), zeros, nowhere, n], size(n));
  for (const [i, value] of kernel.f32.entries()) {
    const power = Math.exp(Math.fround(x[i] ?? 0));
    if (power < 2 ** -127) expect(value).toBe(0);
    else if (power > 2 ** -126)
      expect(Math.abs(value / (power / (1 + power)) - 1)).toBeLessThanOrEqual(2e-6 + 1e-7 * Math.abs(x[i] ?? 0));
  }
});
