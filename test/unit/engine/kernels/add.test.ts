import { expect, it } from "vitest";
import { add } from "../reference/add.ts";
import { twins } from "./twin.ts";

it.each([1, 2, 3, 8, 17, 128])("adds, n = %i", (n) => {
  const { f32, room, noise, run } = twins();
  const x = noise(n * 64, -1e6, 1e6);
  x.splice(0, 4, -0, 0, 3e38, 1e-45);
  const args = [room(n * 256), f32(x), f32(noise(n * 64)), n] as const;
  const { kernel, twin } = run("add", add, [...args], { size: n * 256 });
  expect(kernel.f32).toEqual(twin.f32);
});

it("writes over an operand", () => {
  const { f32, noise, run } = twins();
  const x = f32(noise(8 * 64));
  const { kernel, twin } = run("add", add, [x, x, f32(noise(8 * 64)), 8], { size: 8 * 256 });
  expect(kernel.f32).toEqual(twin.f32);
});
