import { inflateSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { encodePng } from "../../../src/codecs/png-encoder.ts";
import type { Rgba } from "../../../src/core/image.ts";
import { pngChunks } from "../../../src/core/probe/png.ts";
import { pixels } from "../pixels.ts";

type Pixel = (x: number, y: number) => readonly [r: number, g: number, b: number, a: number];

function drawn(width: number, height: number, pixel: Pixel): Rgba {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) data.set(pixel(i % width, Math.floor(i / width)), 4 * i);
  return { width, height, data };
}

const noise = (x: number, y: number): number => Math.imul(x * 7919 + y * 104_729 + 1, 2_654_435_761) >>> 24;
const rgb: Pixel = (x, y) => [noise(x, y), noise(y, x), noise(x + y, 1), 255];
const rgba: Pixel = (x, y) => [noise(x, y), noise(y, x), noise(x + y, 1), noise(x, y + 9)];
const grey: Pixel = (x, y) => [x + y, x + y, x + y, 255];
/** Slopes on which two of Paeth's predictors are equally near, so that their order decides. */
const falling = (x: number, y: number) => 120 + x - 2 * y;
const rising = (x: number, y: number) => falling(y, x);
const slopes: Pixel = (x, y) => [falling(x, y), rising(x, y), x + y, 255];
const shadow: Pixel = (x, y) => [x + y, x + y, x + y, 8 * y];
const tinted: Pixel = (x, y) => [x + y, x + y, x === 32 && y === 19 ? 0 : x + y, 255];
const hidden: Pixel = (x, y) => [noise(x, y), 9, 8, x % 2];

describe("encodePng", () => {
  it.each([
    ["RGB", 31, 17, rgb, 3],
    ["RGBA", 31, 17, rgba, 4],
    ["grey", 33, 20, grey, 1],
    ["grey, half of it transparent", 33, 20, shadow, 2],
    ["grey but for a pixel", 33, 20, tinted, 3],
    ["slopes", 50, 50, slopes, 3],
    ["colours under full transparency", 7, 5, hidden, 4],
    ["an opaque pixel", 1, 1, rgb, 3],
    ["a pixel", 1, 1, rgba, 4],
    ["a row", 301, 1, rgba, 4],
    ["a column", 1, 301, rgb, 3],
    ["a row of more than a band", 30_000, 3, rgb, 3],
    ["rows of several bands", 257, 301, rgba, 4],
  ] as const)("keeps every pixel of %s (%i x %i)", async (_, width, height, pixel, channels) => {
    const image = drawn(width, height, pixel);
    const bytes = await encodePng({ image });
    expect(await sharp(bytes).metadata()).toMatchObject({ width, height, channels, depth: "uchar" });
    const { data } = await pixels(sharp(bytes));
    expect(Buffer.from(data).equals(Buffer.from(image.data))).toBe(true);
    const [idat] = [...pngChunks(bytes)].filter(({ type }) => type === "IDAT");
    expect(inflateSync(idat?.data ?? "").length).toBe(height * (1 + channels * width));
  });

  it.each([1, 2])("writes the samples, enlarged %i times, as small as sharp does", async (scale) => {
    for (const name of ["scene.png", "text.png", "lines.png", "logo.png"]) {
      const source = sharp(`src/web/samples/${name}`);
      const { width } = await source.metadata();
      await expectSmall(await pixels(sharp(await source.resize(width * scale).toBuffer())));
    }
  });

  it("writes a gradient as small as sharp does", async () => {
    await expectSmall(drawn(512, 512, (x, y) => [x / 2, y / 2, (x + y) / 4, 255]));
  });

  /** Expects at most 10 % more than the smaller of sharp's two: with filters and, as by default, without. */
  async function expectSmall({ width, height, data }: Rgba): Promise<void> {
    const bytes = await encodePng({ image: { width, height, data } });
    const { channels } = await sharp(bytes).metadata();
    const raw = sharp(data, { raw: { width, height, channels: 4 } });
    const plain = channels === 3 ? raw.removeAlpha() : raw;
    const sizes = [false, true].map(
      async (adaptiveFiltering) => (await plain.clone().png({ adaptiveFiltering }).toBuffer()).length,
    );
    expect(bytes.length / Math.min(...(await Promise.all(sizes)))).toBeLessThan(1.1);
  }
});
