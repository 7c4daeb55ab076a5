import fc from "fast-check";
import { expect, test } from "vitest";
import { restoreBlock, transformBlock, transposed } from "../../../src/core/dct.ts";

const block = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 64, maxLength: 64 });

/** The formula of T.81, written out. */
function coefficient(samples: readonly number[], v: number, u: number): number {
  const c = (k: number) => (k === 0 ? Math.SQRT1_2 : 1);
  const cosine = (i: number, k: number) => Math.cos(((2 * i + 1) * k * Math.PI) / 16);
  return (
    (c(u) * c(v) * samples.reduce((sum, s, i) => sum + s * cosine(i % 8, u) * cosine(Math.floor(i / 8), v), 0)) / 4
  );
}

test("coefficients are those of T.81, vertical frequency by horizontal", () => {
  fc.assert(
    fc.property(block, (samples) => {
      const coefficients = Float64Array.from(samples);
      transformBlock(coefficients);
      coefficients.forEach((value, i) => {
        expect(value).toBeCloseTo(coefficient(samples, Math.floor(i / 8), i % 8), 9);
      });
    }),
    { numRuns: 20 },
  );
});

test("restores what it transformed", () => {
  fc.assert(
    fc.property(block, (samples) => {
      const there = Float64Array.from(samples);
      transformBlock(there);
      restoreBlock(there);
      there.forEach((value, i) => {
        expect(value).toBeCloseTo(samples[i] ?? Number.NaN, 9);
      });
    }),
    { numRuns: 20 },
  );
});

test("rows for columns", () => {
  const result = transposed(Array.from({ length: 64 }, (_, i) => i));
  expect([...result.subarray(0, 3), result[63]]).toEqual([0, 8, 16, 63]);
});
