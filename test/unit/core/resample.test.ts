import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import type { Rgb } from "../../../src/core/image.ts";
import { luma } from "../../../src/core/metrics.ts";
import { BICUBIC, LANCZOS3, type Raster, resize } from "../../../src/core/resample.ts";

const side = fc.integer({ min: 1, max: 17 });
const kernel = fc.constantFrom(BICUBIC, LANCZOS3);

const rasters: fc.Arbitrary<Raster> = fc
  .record({ width: side, height: side, channels: fc.constantFrom(1, 3, 4) })
  .chain(({ width, height, channels }) => {
    const length = width * height * channels;
    return fc
      .uint8ClampedArray({ minLength: length, maxLength: length })
      .map((data) => ({ width, height, data: new Uint8ClampedArray(data) }));
  });

function row(...values: number[]): Raster {
  return { width: values.length, height: 1, data: Uint8ClampedArray.from(values) };
}

function doubled(values: Uint8ClampedArray): Uint8ClampedArray {
  return Uint8ClampedArray.from({ length: 2 * values.length }, (_, i) => values[i >> 1] ?? 0);
}

test("has the size asked for and keeps the channels", () => {
  fc.assert(
    fc.property(rasters, side, side, kernel, (image, width, height, kernel) => {
      const result = resize(image, { width, height, kernel });
      expect([result.width, result.height]).toEqual([width, height]);
      expect(result.data.length * image.width * image.height).toBe(image.data.length * width * height);
    }),
  );
});

test("keeps a constant picture constant", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 255 }),
      side,
      side,
      side,
      side,
      kernel,
      (value, w, h, width, height, kernel) => {
        const result = resize(
          { width: w, height: h, data: new Uint8ClampedArray(w * h).fill(value) },
          { width, height, kernel },
        );
        expect(result.data.every((sample) => sample === value)).toBe(true);
      },
    ),
  );
});

test("is the identity at its own size", () => {
  fc.assert(
    fc.property(rasters, kernel, (image, kernel) => {
      expect(resize(image, { width: image.width, height: image.height, kernel })).toEqual(image);
    }),
  );
});

test("treats rows and columns alike, and each channel alone", () => {
  const values = row(0, 255, 30, 90, 200);
  const across = resize(values, { width: 10, height: 1 });
  expect(resize({ ...values, width: 1, height: 5 }, { width: 1, height: 10 }).data).toEqual(across.data);
  expect(resize({ ...values, data: doubled(values.data) }, { width: 10, height: 1 }).data).toEqual(
    doubled(across.data),
  );
});

test("weighs an edge at x2 as the cubic kernel says, mirrors at the border and clamps", () => {
  // At offsets 0.25 and 0.75 the kernel is -9, 111, 29, -3 (/128): 128 * those sums over 0 0 100 100.
  expect([...resize(row(0, 0, 100, 100), { width: 8, height: 1 }).data]).toEqual([0, 0, 0, 20, 80, 107, 102, 100]);
  expect([...resize(row(0, 0, 255, 255), { width: 8, height: 1 }).data].slice(5)).toEqual([255, 255, 255]);
});

test("averages when shrinking instead of picking pixels", () => {
  const stripes = row(...Array.from({ length: 48 }, (_, i) => (i % 2) * 200));
  expect([...resize(stripes, { width: 12, height: 1 }).data].slice(2, -2)).toEqual(Array(8).fill(100));
});

test.each([
  [0, 1],
  [1, 1.5],
  [Number.NaN, 1],
])("refuses the size %dx%d", (width, height) => {
  expect(() => resize(row(1), { width, height })).toThrow(`got ${width}x${height}`);
});

// The benchmark pictures may not be redistributed, so a checkout alone does not have them.
const BENCHMARK = fileURLToPath(new URL("../../../../shared/data/benchmark", import.meta.url));

describe.skipIf(!existsSync(BENCHMARK))("against the benchmark's published bicubic row (needs ../shared/data)", () => {
  test.each([
    ["Set5", 2, 33.645],
    ["Set5", 3, 30.388],
    ["Set5", 4, 28.419],
    ["Set14", 4, 26.089],
  ])("%s x%d has %d dB", async (set, scale, expected) => {
    const names = await readdir(`${BENCHMARK}/${set}/HR`);
    const values = await Promise.all(
      names.map(async (name) => {
        const lr = await load(`${BENCHMARK}/${set}/LR_X${scale}/${name}`);
        const size = { width: lr.width * scale, height: lr.height * scale };
        const truth = await load(`${BENCHMARK}/${set}/HR/${name}`, size);
        return psnrOfRoundedLuma(resize(lr, size), truth, scale);
      }),
    );
    expect(Math.abs(values.reduce((sum, value) => sum + value, 0) / values.length - expected)).toBeLessThan(1e-3);
  });
});

/** PSNR with Y rounded to 8 bits like the published row, by MATLAB's uint8 `rgb2ycbcr`; our protocol keeps Y in float64. */
function psnrOfRoundedLuma(result: Rgb, truth: Rgb, border: number): number {
  const a = luma(result);
  const b = luma(truth);
  let [squares, count] = [0, 0];
  for (let y = border; y < a.height - border; y++) {
    for (let x = border; x < a.width - border; x++) {
      const i = y * a.width + x;
      squares += (Math.round(a.data[i] ?? 0) - Math.round(b.data[i] ?? 0)) ** 2;
      count++;
    }
  }
  return 10 * Math.log10((255 ** 2 * count) / squares);
}

async function load(path: string, size?: { width: number; height: number }): Promise<Rgb> {
  const picture = sharp(path).toColourspace("srgb").removeAlpha();
  const cropped = size ? picture.extract({ left: 0, top: 0, ...size }) : picture;
  const { data, info } = await cropped.raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8ClampedArray(data) };
}
