import { expect, it } from "vitest";
import { maxPool } from "../reference/max-pool.ts";
import { largestDifference, twins } from "./twin.ts";

it.each([2, 4, 6, 16, 18, 128])("takes the largest of four, n = %i", (n) => {
  const { f32, room, noise, run } = twins();
  const upper = noise(n * 64, -1e6, 1e6);
  upper.splice(0, 8, -0, 0, 3e38, -3e38, 1e-38, -1e-38, 0, -0);
  const lower = f32(noise(n * 64, -1e6, 1e6));
  const { kernel, twin } = run("maxPool", maxPool, [room(n * 128), f32(upper), lower, n], { size: n * 128 });
  expect(largestDifference(kernel.f32, twin.f32)).toBe(0);
});

it("keeps what is the same everywhere", () => {
  const { f32, room, run } = twins();
  const row = f32(new Array(4 * 64).fill(-7));
  const { kernel } = run("maxPool", maxPool, [room(512), row, row, 4], { size: 512 });
  expect(new Set(kernel.f32)).toEqual(new Set([-7]));
});
