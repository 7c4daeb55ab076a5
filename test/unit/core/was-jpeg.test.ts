import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import type { Rgba } from "../../../src/core/image.ts";
import { wasJpeg } from "../../../src/core/was-jpeg.ts";
import { pixels } from "../pixels.ts";

const SAMPLES = "src/web/samples";
const FREQUENCIES = [
  [0, 1],
  [1, 0],
  [1, 1],
  [2, 2],
  [1, 3],
] as const;

const scene = (width = 128) => sharp(`${SAMPLES}/scene.png`).removeAlpha().resize(width);

/** The {@link scene}, stored as JPEG. */
async function jpeg(options: Parameters<Sharp["jpeg"]>[0], width?: number): Promise<Sharp> {
  return sharp(await scene(width).jpeg(options).toBuffer());
}

/** Grey 8x8 blocks. The DCT coefficient of frequency number `quantized` is a multiple of `step`; the others are arbitrary. */
function blocks(quantized: number, step: number): Rgba {
  const size = { width: 104, height: 104 };
  const cosine = (frequency: number, i: number) =>
    Math.sqrt(frequency === 0 ? 1 / 8 : 1 / 4) * Math.cos(((2 * (i % 8) + 1) * frequency * Math.PI) / 16);
  const grey = Array.from({ length: size.width * size.height }, (_, i) => {
    const [x, y] = [i % size.width, Math.floor(i / size.width)];
    const waves = FREQUENCIES.map(([v, u], k) => {
      const any = 60 * Math.sin(1e4 * Math.sin((x >> 3) + 16 * (y >> 3) + 256 * k));
      return (k === quantized ? step * Math.round(any / step) : any) * cosine(v, y) * cosine(u, x);
    });
    return Math.round(waves.reduce((sum, wave) => sum + wave, 128));
  });
  return { ...size, data: Uint8ClampedArray.from(grey.flatMap((value) => [value, value, value, 255])) };
}

describe("wasJpeg", () => {
  it.each([40, 60, 75, 85, 90, 95])(
    "recognises quality %i, whole or cut out, in colour and in grey",
    async (quality) => {
      const image = await jpeg({ quality });
      expect(wasJpeg(await pixels(image.clone()))).toBe(true);
      expect(wasJpeg(await pixels(image.clone().extract({ left: 3, top: 5, width: 90, height: 70 })))).toBe(true);
      expect(wasJpeg(await pixels(image.clone().rotate(90).flip()))).toBe(true);
      expect(wasJpeg(await pixels(await jpeg({ quality, chromaSubsampling: "4:4:4" })))).toBe(true);
      expect(wasJpeg(await pixels(await jpeg({ quality, mozjpeg: true })))).toBe(true);
      expect(wasJpeg(await pixels(sharp(await scene().greyscale().jpeg({ quality }).toBuffer())))).toBe(true);
    },
  );

  it.each(["scene.png", "landscape.jpg", "harbour.webp", "tiles.avif"])(
    "says no of %s once it is shrunk",
    async (name) => {
      for (const width of [200, 128, 64, 32]) {
        const image = sharp(`${SAMPLES}/${name}`).resize(width, width);
        expect([name, width, wasJpeg(await pixels(image))]).toEqual([name, width, false]);
      }
    },
  );

  it("says no of other formats, of JPEG that takes nothing away, and of what was resized since", async () => {
    const image = await jpeg({ quality: 75 }, 256);
    expect(wasJpeg(await pixels(image.clone()))).toBe(true);
    expect(wasJpeg(await pixels(image.clone().resize(128)))).toBe(false);
    expect(wasJpeg(await pixels(await jpeg({ quality: 98 })))).toBe(false);
    expect(wasJpeg(await pixels(sharp(await scene().webp({ quality: 75 }).toBuffer())))).toBe(false);
    expect(wasJpeg(await pixels(sharp(await scene().avif({ quality: 50 }).toBuffer())))).toBe(false);
  });

  it.each([...FREQUENCIES.keys()])("sees each frequency, quantized by whatever step: number %i", (frequency) => {
    const steps = Array.from({ length: 15 }, (_, i) => i + 2);
    expect(steps.filter((step) => wasJpeg(blocks(frequency, step)))).toEqual(steps);
    expect(wasJpeg(blocks(frequency, 0.01))).toBe(false);
  });

  it("looks at the middle, as much of it as there is", async () => {
    const [plain, stored] = [
      await scene(400).png().toBuffer(),
      await (await jpeg({ quality: 75 }, 400)).png().toBuffer(),
    ];
    const { height } = await sharp(plain).metadata();
    const place = { left: 104, top: Math.ceil((height - 192) / 2) };
    const patch = async (file: Buffer) =>
      await sharp(file)
        .extract({ ...place, width: 192, height: 192 })
        .toBuffer();
    const isSeen = async (ground: Buffer, middle: Buffer) =>
      wasJpeg(await pixels(sharp(ground).composite([{ input: await patch(middle), ...place }])));
    expect(await isSeen(plain, stored)).toBe(true);
    expect(await isSeen(stored, plain)).toBe(false);
  });

  it("recognises what was cut out of a JPEG", async () => {
    const { width, height, data } = await pixels(await jpeg({ quality: 75 }));
    const isInside = (i: number) => Math.hypot((i % width) - width / 2, Math.floor(i / width) - height / 2) < 40;
    const cutOut = data.map((value, i) => (isInside(i >> 2) ? value : 0));
    expect(wasJpeg({ width, height, data: cutOut })).toBe(true);
  });

  it.each([
    [1, 1],
    [7, 300],
    [300, 7],
    [8, 8],
  ])("says no of %ix%i, where there is nothing to compare", async (width, height) => {
    const image = scene(500);
    expect(
      wasJpeg(await pixels(sharp(await image.jpeg().toBuffer()).extract({ left: 0, top: 0, width, height }))),
    ).toBe(false);
  });
});
