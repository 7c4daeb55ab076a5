import { expect, it } from "vitest";
import { head } from "../reference/head.ts";
import { largestDifference, twins } from "./twin.ts";

it.each([2, 3, 5, 16, 17, 64])("convolves three colours to 64 channels, n = %i", (n) => {
  const { f32, u8, room, noise, bytes, run } = twins();
  const row = () => u8([0, 255, ...bytes(n * 3 - 2)]);
  const args = [room(n * 256), row(), row(), row(), f32(noise(28 * 64)), n] as const;
  const { kernel, twin } = run("head", head, [...args], { size: n * 256 });
  expect(largestDifference(kernel.f32, twin.f32)).toBeLessThanOrEqual(28 * 2e-6);
});

it.each([0, 255])("sums the weights and the bias over a flat picture of %i", (value) => {
  const { f32, u8, room, run } = twins();
  const row = u8(new Array(16 * 3).fill(value));
  const weights = f32([...new Array(27 * 64).fill(1000), ...new Array(64).fill(-3)]);
  const { kernel } = run("head", head, [room(16 * 256), row, row, row, weights, 16], { size: 16 * 256 });
  for (const sum of kernel.f32) expect(sum).toBeCloseTo(value === 0 ? -3 : 26997, 1);
});
