import { describe, expect, it } from "vitest";
import { gelu, geluMul } from "../reference/gelu.ts";
import { largestDifference, twins } from "./twin.ts";

describe("gelu", () => {
  it("is within 3e-5 of the exact function everywhere", () => {
    const { f32, room, run } = twins();
    const n = 512;
    const x = f32(Array.from({ length: n * 64 }, (_, i) => (i / (n * 32) - 1) * 8));
    const { kernel, twin } = run("gelu", gelu, [room(n * 256), x, n], { size: n * 256 });
    expect(largestDifference(kernel.f32, twin.f32)).toBeLessThan(3e-5);
  });

  it("is exactly 0 or its argument far out, and 0 at 0", () => {
    const { f32, room, run } = twins();
    const x = new Array(64).fill(0);
    x.splice(0, 12, 5, -5, 30, -30, 1e15, -1e15, 1e30, -1e30, 3e38, -3e38, 0, -0);
    const { kernel } = run("gelu", gelu, [room(256), f32(x), 1], { size: 256 });
    const values = Array.from(kernel.f32.subarray(0, 12), (v) => v + 0);
    expect(values).toEqual([5, 0, 30, 0, 1e15, 0, 1e30, 0, 3e38, 0, 0, 0].map(Math.fround));
  });

  it("is as near for tiny arguments", () => {
    const { f32, room, run } = twins();
    const x = Array.from({ length: 64 }, (_, i) => (i % 2 ? 1 : -1) * 2 ** (-2 * i - 10));
    const { kernel, twin } = run("gelu", gelu, [room(256), f32(x), 1], { size: 256 });
    expect(largestDifference(kernel.f32, twin.f32)).toBeLessThan(3e-5);
  });

  it("is known at some points", () => {
    const { f32, room, run } = twins();
    const x = new Array(64).fill(0);
    x.splice(0, 4, 1, -1, 2.5, -4);
    const { twin } = run("gelu", gelu, [room(256), f32(x), 1], { size: 256 });
    const known = [0.8413447460685429, -0.15865525393145707, 2.484475836632089, -0.00012668496733247997];
    for (const [i, value] of known.entries()) expect(twin.f32[i]).toBeCloseTo(value, 7);
  });
});

describe("geluMul", () => {
  it.each([1, 2, 3, 8, 17, 128])("multiplies by the other row, n = %i", (n) => {
    const { f32, room, noise, run } = twins();
    const args = [room(n * 256), f32(noise(n * 64, -6, 6)), f32(noise(n * 64)), n] as const;
    const { kernel, twin } = run("geluMul", geluMul, [...args], { size: n * 256 });
    expect(largestDifference(kernel.f32, twin.f32)).toBeLessThan(3e-5);
  });

  it.each(["gate", "row"] as const)("writes over its %s", (over) => {
    const { f32, noise, run } = twins();
    const [u, w] = [f32(noise(8 * 64, -6, 6)), f32(noise(8 * 64))];
    const args = [over === "gate" ? u : w, u, w, 8] as const;
    const { kernel, twin } = run("geluMul", geluMul, [...args], { size: 8 * 256 });
    expect(largestDifference(kernel.f32, twin.f32)).toBeLessThan(3e-5);
  });
});
