import { expect, it } from "vitest";
import { depthwise } from "../reference/depthwise.ts";
import { largestDifference, twins } from "./twin.ts";

/** The rounding error of a sum of ten terms of at most 1. */
const TOLERANCE = 1e-6;

it.each([2, 3, 4, 5, 15, 16, 17, 18, 19, 32, 33, 34, 35, 128])("convolves and reflects, n = %i", (n) => {
  const { f32, room, noise, run } = twins();
  const rows = [f32(noise(n * 64)), f32(noise(n * 64)), f32(noise(n * 64))] as const;
  const args = [room(n * 256), ...rows, f32(noise(640)), n] as const;
  const { kernel, twin } = run("depthwise", depthwise, [...args], { size: n * 256 });
  expect(largestDifference(kernel.f32, twin.f32)).toBeLessThan(TOLERANCE);
});

it("keeps every size of number", () => {
  const { f32, room, noise, run } = twins();
  const n = 20;
  const scales = noise(n * 64, -30, 30).map((exponent) => 2 ** exponent);
  const rows = f32(scales);
  const args = [room(n * 256), rows, rows, rows, f32(new Array(640).fill(1)), n] as const;
  const { kernel, twin } = run("depthwise", depthwise, [...args], { size: n * 256 });
  const relative = kernel.f32.map((value, i) => value / (twin.f32[i] ?? Number.NaN));
  expect(
    largestDifference(
      relative,
      relative.map(() => 1),
    ),
  ).toBeLessThan(TOLERANCE);
});
