import fc from "fast-check";
import { expect, it } from "vitest";
import type { Rgb } from "../../../src/core/image.ts";
import { trim } from "../../../src/core/trim.ts";

/** A picture of one colour except for these pixels. */
function plain(width: number, height: number, ...pixels: readonly (readonly [x: number, y: number])[]): Rgb {
  const data = new Uint8ClampedArray(3 * width * height).fill(200);
  for (const [i, [x, y]] of pixels.entries()) data[3 * (y * width + x) + (i % 3)] = 199;
  return { width, height, data };
}

const reach = (from: number, to: number) => ({ from, to });

it("leaves what differs from the edges and the margin, in steps of 16 px", () => {
  expect(trim(plain(144, 144, [72, 40], [100, 60], [80, 50]), 8)).toEqual({ x: reach(64, 112), y: reach(32, 80) });
});

it.each([
  ["exactly as much as the margin", 24, 16],
  ["one less", 23, 0],
])("counts %s before the first pixel as the margin", (_, at, from) => {
  expect(trim(plain(64, 64, [at, 32]), 8)?.x.from).toBe(from);
  expect(trim(plain(64, 64, [32, at]), 8)?.y.from).toBe(from);
});

it.each([
  ["exactly as much as the margin", 39, 48],
  ["one less", 40, 64],
])("counts %s behind the last pixel as the margin", (_, at, to) => {
  expect(trim(plain(64, 64, [at, 32]), 8)?.x.to).toBe(to);
  expect(trim(plain(64, 64, [32, at]), 8)?.y.to).toBe(to);
});

it("ends where the picture ends", () => {
  expect(trim(plain(43, 37, [2, 2], [42, 36]), 8)).toEqual({ x: reach(0, 43), y: reach(0, 37) });
});

it("leaves the edge between two colours", () => {
  const image = plain(96, 96);
  image.data.fill(90, 3 * 96 * 50);
  expect(trim(image, 8)).toEqual({ x: reach(0, 96), y: reach(32, 64) });
});

it.each([
  [144, 90],
  [1, 1],
])("leaves nothing of a plain picture of %ix%i", (width, height) => {
  expect(trim(plain(width, height), 8)).toBeUndefined();
});

it("leaves all of a picture of two pixels", () => {
  expect(trim(plain(2, 1, [1, 0]), 8)).toEqual({ x: reach(0, 2), y: reach(0, 1) });
});

it("leaves out nothing but the colour of the nearest pixel that it leaves, or of all of them", () => {
  const side = fc.integer({ min: 1, max: 100 });
  const spots = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 4 });
  fc.assert(
    fc.property(side, side, spots, fc.integer({ min: 1, max: 20 }), (width, height, at, margin) => {
      const pixels = at.map(([x, y]) => [x % width, y % height] as const);
      const image = plain(width, height, ...pixels);
      const { x, y } = trim(image, margin) ?? { x: reach(0, 1), y: reach(0, 1) };
      const within = (value: number, { from, to }: typeof x) => Math.max(from, Math.min(value, to - 1));
      const wrong = image.data.filter((value, i) => {
        const [row, column] = [Math.floor(i / (3 * width)), Math.floor(i / 3) % width];
        return value !== image.data[3 * (within(row, y) * width + within(column, x)) + (i % 3)];
      });
      expect(wrong).toHaveLength(0);
    }),
  );
});
