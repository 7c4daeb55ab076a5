import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { restoreBlock, transformBlock } from "../../../src/core/dct.ts";
import type { Rgba, Size } from "../../../src/core/image.ts";
import { makeConsistent, meanOf } from "../../../src/core/jpeg-consistency.ts";
import { resize } from "../../../src/core/resample.ts";

const STEPS = new Float64Array(64).fill(12);
const AT_CORNER = { steps: STEPS, x: 0, y: 0 };

function grey({ width, height }: Size, value: (x: number, y: number) => number): Rgba {
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++) data.fill(value(i % width, Math.floor(i / width)), 4 * i, 4 * i + 3);
  return { width, height, data };
}

const copy = (image: Rgba): Rgba => ({ ...image, data: image.data.slice() });

/** The true large picture, which nobody has; the network's, which is off by long waves; and the small one, as a JPEG. */
function example(off: number) {
  const large = { width: 96, height: 64 };
  const wave = (x: number, y: number) => 128 + 60 * Math.sin(x / 9) + 40 * Math.cos(y / 7);
  const truth = grey(large, wave);
  const upscaled = grey(large, (x, y) => wave(x, y) + off * Math.sin(x / 5 + y / 8));
  return { truth, upscaled, source: quantized({ ...resize(truth, { width: 48, height: 32 }) }) };
}

function quantized(image: Rgba): Rgba {
  const result = copy(image);
  for (let y = 0; y < image.height; y += 8) {
    for (let x = 0; x < image.width; x += 8) {
      const at = (i: number) => 4 * ((y + Math.floor(i / 8)) * image.width + x + (i % 8));
      const block = Float64Array.from({ length: 64 }, (_, i) => (image.data[at(i)] ?? 0) - 128);
      transformBlock(block);
      block.forEach((coefficient, i) => {
        block[i] = 12 * Math.round(coefficient / 12);
      });
      restoreBlock(block);
      block.forEach((value, i) => {
        result.data.fill(value + 128, at(i), at(i) + 3);
      });
    }
  }
  return result;
}

function meanSquare(a: Rgba, b: Rgba): number {
  return a.data.reduce((sum, value, i) => sum + (value - (b.data[i] ?? 0)) ** 2, 0) / a.data.length;
}

test("what the network is off by is made less where the JPEG knows better", () => {
  const { truth, upscaled, source } = example(3);
  const before = meanSquare(upscaled, truth);
  makeConsistent(upscaled, source, AT_CORNER);
  expect(meanSquare(upscaled, truth)).toBeLessThan(0.4 * before);
});

test.each([
  // JPEG stores 8 * (level - 128). Three steps of 28 are 84, which is level 138.5, but the picture can only hold 138. They stand
  // for every level between 136.75 and 140.25.
  [139, 138, 28],
  [140, 138, 28],
  // Zero steps of 100 stand for every level between 121.75 and 134.25.
  [122, 128, 100],
  [134, 128, 100],
])("what may have been %i before it was stored as %i, by steps of %i, stays so", (value, stored, step) => {
  const source = grey({ width: 8, height: 8 }, () => stored);
  const upscaled = grey({ width: 16, height: 16 }, () => value);
  const before = copy(upscaled);
  makeConsistent(upscaled, source, { steps: new Float64Array(64).fill(step), x: 0, y: 0 });
  expect(upscaled).toEqual(before);
});

test.each([5, 12])("what is far from the JPEG, by %i, stays as it is", (off) => {
  const { upscaled, source } = example(off);
  const before = copy(upscaled);
  makeConsistent(upscaled, source, AT_CORNER);
  expect(upscaled).toEqual(before);
});

test("what is far from the JPEG stays as it is on however much plain ground", () => {
  const onGround = (image: Rgba) =>
    grey({ width: 20 * image.width, height: image.height }, (x, y) =>
      x < image.width ? (image.data[4 * (y * image.width + x)] ?? 0) : 200,
    );
  const { upscaled, source } = example(5);
  const large = onGround(upscaled);
  const before = copy(large);
  makeConsistent(large, onGround(source), AT_CORNER);
  expect(large).toEqual(before);
});

test("grey stays grey, and opaque", () => {
  const { upscaled, source } = example(3);
  makeConsistent(upscaled, source, AT_CORNER);
  expect(upscaled).toEqual(grey(upscaled, (x, y) => upscaled.data[4 * (y * upscaled.width + x)] ?? 0));
});

test("of colours it is the luma that is compared and brought nearer, red, green and blue alike", () => {
  const tinted = (image: Rgba, [r, g, b]: readonly [number, number, number]) => {
    const tints = [r, g, b, 0];
    return { ...image, data: image.data.map((value, i) => value + (tints[i % 4] ?? 0)) };
  };
  const { upscaled, source } = example(3);
  const changes = (to: Rgba, from: Rgba) => [...to.data].map((value, i) => value - (from.data[i] ?? 0));
  // These tints have hardly any luma: 0.299 * 3 - 0.114 * 8.
  const coloured = tinted(upscaled, [3, 0, -8]);
  const before = copy(coloured);
  makeConsistent(coloured, source, AT_CORNER);
  const made = changes(coloured, before);
  expect(made.filter((_, i) => i % 4 === 0)).toEqual(made.filter((_, i) => i % 4 === 2));
  const grey = copy(upscaled);
  makeConsistent(grey, source, AT_CORNER);
  const off = changes(grey, upscaled).map((change, i) => Math.abs(change - (made[i] ?? 0)));
  expect(Math.max(...off)).toBeLessThanOrEqual(1);
});

test("of blocks that are not whole nothing is known", () => {
  const { upscaled, source } = example(3);
  const before = copy(upscaled);
  // Of the blocks that begin at 8, 16 and 24 px, only one is whole in this part.
  const part = { width: 20, height: 20 };
  const small = grey(part, (x, y) => source.data[4 * ((y + 2) * 48 + x + 10)] ?? 0);
  const large = grey({ width: 40, height: 40 }, (x, y) => before.data[4 * ((y + 4) * 96 + x + 20)] ?? 0);
  const first = copy(large);
  makeConsistent(large, small, { steps: STEPS, x: 6, y: 6 });
  const changed = Array.from({ length: 1600 }, (_, i) => i).filter((i) => large.data[4 * i] !== first.data[4 * i]);
  expect(changed.length).toBeGreaterThan(100);
  // The enlarging kernel reaches two pixels further.
  for (const i of changed) {
    for (const at of [i % 40, Math.floor(i / 40)])
      expect([8, 31]).toSatisfy(([least, most]) => at >= least && at <= most);
  }
});

test("what has no whole block stays as it is", () => {
  const [small, large] = [grey({ width: 7, height: 30 }, (x) => 9 * x), grey({ width: 14, height: 60 }, (x) => 5 * x)];
  const before = copy(large);
  makeConsistent(large, small, AT_CORNER);
  expect(large).toEqual(before);
});

describe("the mean of what may have been", () => {
  test("is that of a Laplace distribution about the network's value, within half a step", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -500, max: 500, noNaN: true }),
        fc.integer({ min: 1, max: 255 }),
        fc.double({ min: -0.5, max: 0.5, noNaN: true }),
        (centre, step, share) => {
          const value = centre + share * step;
          let [mass, moment] = [0, 0];
          for (let i = 0; i < 20_000; i++) {
            const x = centre + ((i + 0.5) / 20_000 - 0.5) * step;
            const density = Math.exp(-Math.abs(x - value) / 3);
            mass += density;
            moment += density * x;
          }
          expect(meanOf(value, centre, step)).toBeCloseTo(moment / mass, 3);
        },
      ),
      { numRuns: 100 },
    );
  });

  test("is nearly the middle where steps are small, nearly the network's where they are large", () => {
    expect(meanOf(10.4, 10, 1)).toBeCloseTo(10, 1);
    expect(meanOf(30, 0, 200)).toBeCloseTo(30, 6);
  });
});
