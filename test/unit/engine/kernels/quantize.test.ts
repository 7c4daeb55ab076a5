import { describe, expect, it } from "vitest";
import type { Ops } from "../../../../src/engine/ops.ts";
import { quantize, quantizeDifference } from "../reference/quantize.ts";
import { largestDifference, twins } from "./twin.ts";

type Twins = ReturnType<typeof twins>;

/** Offsets and factors that change nothing. */
const PLAIN: readonly number[] = Array.from({ length: 128 }, (_, i) => (i < 64 ? 0 : 1));

/** The same pixel four times, because the kernel takes no fewer pixels. */
const four = (pixel: readonly number[]) => [...pixel, ...pixel, ...pixel, ...pixel];

/** Runs kernel and twin on `n` pixels and expects the same bits except for the sign of zeros; range follows q. */
function expectTheSame<K extends "quantize" | "quantizeDifference">(
  { room, run, f32 }: Twins,
  op: K,
  reference: Parameters<typeof run<K>>[1],
  rows: readonly number[],
  n: number,
  inputs = PLAIN,
): { q: Uint8Array; range: Float32Array } {
  const out = room(n * 72);
  const args = [out, out + n * 64, ...rows, f32(inputs), n] as unknown as Parameters<Ops[K]>;
  const { kernel, twin } = run(op, reference, args, { size: n * 72 });
  const [q, range] = [kernel.u8.subarray(0, n * 64), kernel.f32.subarray(n * 16)];
  expect(q).toEqual(twin.u8.subarray(0, n * 64));
  expect(largestDifference(range, twin.f32.subarray(n * 16))).toBe(0);
  return { q, range };
}

describe("quantize", () => {
  it.each([4, 5, 7, 8, 17, 128])("gives each pixel its range, n = %i", (n) => {
    const t = twins();
    const { q } = expectTheSame(t, "quantize", quantize, [t.f32(t.noise(n * 64, -3, 5))], n);
    for (let x = 0; x < n; x++) {
      const pixel = q.subarray(x * 64, (x + 1) * 64);
      expect([Math.min(...pixel), Math.max(...pixel)]).toEqual([0, 127]);
    }
  });

  it("shifts and scales each channel first", () => {
    const t = twins();
    const inputs = [...t.noise(64), ...t.noise(64, 0.1, 9)];
    expectTheSame(t, "quantize", quantize, [t.f32(t.noise(7 * 64, -3, 5))], 7, inputs);

    const values = Array.from({ length: 64 }, (_, i) => 2 * i);
    const [offset, factor] = [values.map((v) => v - 3), values.map((_, i) => (i === 5 ? 40 : 1))];
    const { q, range } = expectTheSame(t, "quantize", quantize, [t.f32(four(values))], 4, [...offset, ...factor]);
    expect([...q.subarray(0, 64)].map((level, i) => (i === 5 ? level === 127 : level === 0))).not.toContain(false);
    expect([...range.subarray(0, 2)]).toEqual([Math.fround((120 - 3) / 127), 3]);
  });

  it("rounds ties to even", () => {
    const t = twins();
    const halves = Array.from({ length: 64 }, (_, i) => (i === 63 ? 127 : i + 0.5));
    halves[0] = 0;
    const { q } = expectTheSame(t, "quantize", quantize, [t.f32(four(halves))], 4);
    expect([...q.subarray(0, 6)]).toEqual([0, 2, 2, 4, 4, 6]);
  });

  it.each([0, -0, 0.1, -5, 1e30])("is all 0 for a pixel of %s alone", (value) => {
    const t = twins();
    const { q, range } = expectTheSame(t, "quantize", quantize, [t.f32(new Array(256).fill(value))], 4);
    expect(new Set(q)).toEqual(new Set([0]));
    expect([...range.subarray(0, 2)].map((v) => v + 0)).toEqual([0, Math.fround(value) + 0]);
  });

  it.each([8e37, 1e15, 1e-15, 1e-37, 1e-40, 1e-44])("takes numbers of the size %s", (size) => {
    const t = twins();
    expectTheSame(t, "quantize", quantize, [t.f32(t.noise(4 * 64, -size, size))], 4);
  });

  it("takes zeros of both signs", () => {
    const t = twins();
    const zeros = Array.from({ length: 64 }, (_, i) => (i % 3 ? 0 : -0));
    expectTheSame(t, "quantize", quantize, [t.f32(four(zeros))], 4);
  });
});

describe("quantizeDifference", () => {
  it.each([4, 5, 7, 8, 17, 128])("quantizes x - y, n = %i", (n) => {
    const t = twins();
    const rows = [t.f32(t.noise(n * 64, -3, 5)), t.f32(t.noise(n * 64))];
    expectTheSame(t, "quantizeDifference", quantizeDifference, rows, n);
    const inputs = [...t.noise(64), ...t.noise(64, 0.1, 9)];
    expectTheSame(t, "quantizeDifference", quantizeDifference, rows, n, inputs);
  });

  it("is all 0 for x - x", () => {
    const t = twins();
    const x = t.f32(t.noise(4 * 64));
    const { q } = expectTheSame(t, "quantizeDifference", quantizeDifference, [x, x], 4);
    expect(new Set(q)).toEqual(new Set([0]));
  });
});
