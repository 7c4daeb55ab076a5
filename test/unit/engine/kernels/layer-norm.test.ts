import { expect, it } from "vitest";
import { layerNorm } from "../reference/layer-norm.ts";
import { largestDifference, twins } from "./twin.ts";

it.each([1, 2, 3, 8, 17, 128])("normalises each pixel, n = %i", (n) => {
  const { f32, room, noise, run } = twins();
  const x = noise(n * 64, -3, 7);
  const args = [room(n * 256), f32(x), f32(noise(128)), n] as const;
  const { kernel, twin } = run("layerNorm", layerNorm, [...args], { size: n * 256 });
  expect(largestDifference(kernel.f32, twin.f32)).toBeLessThan(1e-6);
});

it.each([1e-6, 1e-3, 1e3, 1e15])("normalises pixels of size %s", (size) => {
  const { f32, room, noise, run } = twins();
  const args = [room(256), f32(noise(64, -size, size)), f32(noise(128)), 1] as const;
  const { kernel, twin } = run("layerNorm", layerNorm, [...args], { size: 256 });
  expect(largestDifference(kernel.f32, twin.f32)).toBeLessThan(1e-6);
});

it.each([0, -0, 0.1, -12345.678, 1e30])("gives beta for a pixel of %s alone", (value) => {
  const { f32, room, noise, run } = twins();
  const beta = noise(64);
  const args = [room(256), f32(new Array(64).fill(value)), f32([...noise(64), ...beta]), 1] as const;
  const { kernel } = run("layerNorm", layerNorm, [...args], { size: 256 });
  expect(kernel.f32).toEqual(Float32Array.from(beta));
});

it("writes over its input", () => {
  const { f32, noise, run } = twins();
  const x = f32(noise(8 * 64));
  const { kernel, twin } = run("layerNorm", layerNorm, [x, x, f32(noise(128)), 8], { size: 8 * 256 });
  expect(largestDifference(kernel.f32, twin.f32)).toBeLessThan(1e-6);
});
