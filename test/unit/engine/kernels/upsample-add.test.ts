import { expect, it } from "vitest";
import { upsampleAdd } from "../reference/upsample-add.ts";
import { largestDifference, twins } from "./twin.ts";

it.each([2, 4, 6, 8, 16, 48, 130, 512])("enlarges twice and adds, n = %i", (n) => {
  for (const fy of [0, 0.25, 0.7, 1]) {
    const { f32, noise, run } = twins();
    const row = (pixels: number) => f32(noise(pixels * 64, -1000, 1000));
    const args = [row(n), row(n / 2), row(n / 2), fy, n] as const;
    const { kernel, twin } = run("upsampleAdd", upsampleAdd, [...args], { size: n * 256 });
    expect(largestDifference(kernel.f32, twin.f32)).toBeLessThanOrEqual(1000 * 1e-6);
  }
});

it("aligns the corners", () => {
  const { f32, run } = twins();
  const ramp = f32(Array.from({ length: 8 * 64 }, (_, i) => 15 * Math.floor(i / 64)));
  const out = f32(new Array(16 * 64).fill(0));
  const { kernel } = run("upsampleAdd", upsampleAdd, [out, ramp, ramp, 0.5, 16], { size: 16 * 256 });
  const row = Array.from({ length: 16 }, (_, x) => kernel.f32[x * 64]);
  expect(row.map((value) => Math.round((value ?? 0) * 1e4) / 1e4)).toEqual(Array.from({ length: 16 }, (_, x) => 7 * x));
});
