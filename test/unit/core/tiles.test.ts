import fc from "fast-check";
import { expect, it } from "vitest";
import { planSpans, planTiles } from "../../../src/core/tiles.ts";

const tilings = fc
  .tuple(fc.integer({ min: 2, max: 8 }), fc.integer({ min: 0, max: 7 }))
  .filter(([size, overlap]) => overlap < size)
  .map(([size, overlap]) => ({ size: 16 * size, overlap: 16 * overlap }));

it("keeps each pixel of a line exactly once, on the 16-px grid, with a halo inside the picture", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), tilings, (length, tiling) => {
      const spans = planSpans(length, tiling);
      let next = 0;
      for (const { from, to, keepFrom, keepTo } of spans) {
        expect(keepFrom).toBe(next);
        expect(keepTo).toBeGreaterThan(keepFrom);
        expect(from % 16).toBe(0);
        expect(to - from).toBeLessThanOrEqual(tiling.size);
        expect(from === 0 ? keepFrom : keepFrom - from).toBe(from === 0 ? 0 : tiling.overlap / 2);
        expect(to === length ? keepTo : to - keepTo).toBe(to === length ? length : tiling.overlap / 2);
        next = keepTo;
      }
      expect(next).toBe(length);
    }),
  );
});

it("cuts equal spans that keep each pixel once, on the grid, at most 15 px beyond the picture", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), tilings, (length, tiling) => {
      const spans = planSpans(length, { ...tiling, equal: true });
      let next = 0;
      for (const { from, to, keepFrom, keepTo } of spans) {
        expect(keepFrom).toBe(next);
        expect(keepTo).toBeGreaterThan(keepFrom);
        expect(from % 16).toBe(0);
        expect(to - from).toBe(Math.min(tiling.size, spans.length > 1 ? tiling.size : length));
        expect(to).toBeLessThan(length + 16);
        if (from > 0) expect(keepFrom - from).toBeGreaterThanOrEqual(tiling.overlap / 2);
        next = keepTo;
      }
      expect(next).toBe(length);
    }),
  );
});

it("covers a picture with the product of both axes", () => {
  const kept = planTiles({ width: 100, height: 70 }, { size: 64, overlap: 16 })
    .map(({ x, y }) => (x.keepTo - x.keepFrom) * (y.keepTo - y.keepFrom))
    .reduce((sum, area) => sum + area);
  expect(kept).toBe(7000);
});

it("does not cut what fits", () => {
  expect(planTiles({ width: 64, height: 1 }, { size: 64, overlap: 16 })).toHaveLength(1);
});

it.each([
  { size: 60, overlap: 16 },
  { size: 64, overlap: 8 },
  { size: 64, overlap: 64 },
])("refuses a tiling off the grid: $size, $overlap", (tiling) => {
  expect(() => planSpans(100, tiling)).toThrow(RangeError);
});
