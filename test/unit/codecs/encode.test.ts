import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { createCodecs } from "../../../src/codecs/jsquash.ts";
import { CODEC_MODULES } from "../../../src/codecs/node-modules.ts";
import { createSharpCodecs } from "../../../src/codecs/sharp.ts";
import { isGrey } from "../../../src/core/grey.ts";
import { DEFAULT_QUALITY, FORMATS } from "../../../src/core/image.ts";
import { readAvif } from "../../../src/core/probe/avif.ts";
import { isFrame, jpegSegments } from "../../../src/core/probe/jpeg.ts";
import { probe } from "../../../src/core/probe/probe.ts";
import { fixture } from "../../fixtures/read.ts";
import { difference } from "./difference.ts";

const jsquash = createCodecs(CODEC_MODULES);

/** Mean difference allowed at the default quality. */
const MEAN_BOUND = { png: 0, jpeg: 4, webp: 4, avif: 4 };

describe.each(Object.entries({ jsquash, sharp: createSharpCodecs() }))("encode with %s", (name, codecs) => {
  it.each(FORMATS)("writes %s that comes back much the same", async (format) => {
    const source = fixture("rgb-8.png");
    const picture = await codecs.decode(source, probe(source));
    const bytes = await codecs.encode(picture, format);
    const header = probe(bytes);
    expect(header).toMatchObject({ format, width: 45, height: 29, orientation: 1, frames: 1, bitDepth: 8 });
    expect((await sharp(bytes).metadata()).exif).toBeUndefined();
    const { image } = await codecs.decode(bytes, header);
    expect(difference(image, picture.image).mean).toBeLessThanOrEqual(MEAN_BOUND[format]);
  });

  it.each(["rgba-8.png", "lossless-alpha.webp"])("keeps the colours under transparency of %s in PNG", async (file) => {
    const source = fixture(file);
    const picture = await codecs.decode(source, probe(source));
    const bytes = await codecs.encode(picture, "png");
    const { image } = await codecs.decode(bytes, probe(bytes));
    expect(image).toEqual(picture.image);
    // The leftmost pixels are transparent, and not black.
    expect([...image.data.subarray(0, 4)]).toEqual([40, 30, 200, 0]);
  });

  it("takes pixels that are a part of a larger buffer", async () => {
    const data = Uint8ClampedArray.from({ length: 24 }, (_, i) => 10 * i).subarray(8);
    const bytes = await codecs.encode({ image: { width: 2, height: 2, data } }, "png");
    expect([...(await codecs.decode(bytes, probe(bytes))).image.data]).toEqual([...data]);
  });

  it("ignores alpha in JPEG", async () => {
    const data = Uint8ClampedArray.from({ length: 4 * 64 }, (_, i) => [200, 150, 100, 0][i % 4] ?? 0);
    const opaque = data.map((value, i) => (i % 4 === 3 ? 255 : value));
    const [bytes, expected] = await Promise.all(
      [data, opaque].map((data) => codecs.encode({ image: { width: 8, height: 8, data } }, "jpeg")),
    );
    expect(bytes).toEqual(expected);
  });

  it("writes PNG with filters where colours are many", async () => {
    const source = readFileSync("src/web/samples/scene.png");
    const unfiltered = await sharp(source).png({ adaptiveFiltering: false }).toBuffer();
    const bytes = await codecs.encode(await codecs.decode(source, probe(source)), "png");
    expect(bytes.length / unfiltered.length).toBeLessThan(0.85);
  });

  it.each(["webp", "avif"] as const)("keeps alpha in %s", async (format) => {
    const source = fixture("rgba-8.png");
    const picture = await codecs.decode(source, probe(source));
    const bytes = await codecs.encode(picture, format);
    const { image } = await codecs.decode(bytes, probe(bytes));
    const alpha = (data: Uint8ClampedArray): number[] => [...data.filter((_, i) => i % 4 === 3)];
    const [before, after] = [alpha(picture.image.data), alpha(image.data)];
    expect(Math.max(...before.map((value, i) => Math.abs(value - (after[i] ?? 255))))).toBeLessThan(16);
  });

  // WebP is left out because it adds a little colour to grey.
  it.each(["png", "jpeg", "avif"] as const)(
    "keeps grey free of colour in %s, PNG and JPEG without channels for it",
    async (format) => {
      const data = Uint8ClampedArray.from({ length: 4 * 64 * 48 }, (_, i) => (i % 4 === 3 ? 255 : (i >> 2) % 256));
      const picture = { image: { width: 64, height: 48, data } };
      const bytes = await codecs.encode(picture, format);
      if (format !== "avif") expect(await sharp(bytes).metadata()).toMatchObject({ channels: 1 });
      const { image } = await jsquash.decode(bytes, probe(bytes));
      expect(isGrey(image)).toBe(true);
      expect(difference(image, picture.image).mean).toBeLessThanOrEqual(MEAN_BOUND[format]);
    },
  );

  it.each(FORMATS)("writes %s in colour where grey has a profile, which is one of RGB", async (format) => {
    const source = fixture("grey-profile.png");
    const picture = await codecs.decode(source, probe(source));
    expect(isGrey(picture.image)).toBe(true);
    const { channels, hasProfile } = await sharp(await codecs.encode(picture, format)).metadata();
    expect({ channels, hasProfile }).toEqual({ channels: 3, hasProfile: true });
  });

  it.each([1, 30, 85])("writes JPEG that is baseline, sharp progressive, at quality %i", async (quality) => {
    const source = fixture("rgb-8.png");
    const bytes = await codecs.encode(await codecs.decode(source, probe(source)), "jpeg", { quality });
    const frames = [...jpegSegments(bytes)].map(({ marker }) => marker).filter(isFrame);
    expect(frames).toEqual([name === "sharp" ? 0xc2 : 0xc0]);
  });

  it.each(["jpeg", "webp", "avif"] as const)("writes smaller %s at lower quality", async (format) => {
    const source = fixture("rgb-8.png");
    const picture = await codecs.decode(source, probe(source));
    const sizes = await Promise.all(
      [10, 50, 90].map(async (q) => (await codecs.encode(picture, format, { quality: q })).length),
    );
    expect(sizes).toEqual([...new Set(sizes)].toSorted((a, b) => a - b));
  });

  it.each(["jpeg", "webp", "avif"] as const)(
    "writes %s at the quality that is said to be the default",
    async (format) => {
      const source = fixture("rgb-8.png");
      const picture = await codecs.decode(source, probe(source));
      const said = await codecs.encode(picture, format, { quality: DEFAULT_QUALITY[format] });
      expect(await codecs.encode(picture, format)).toEqual(said);
    },
  );

  it.each([
    [79, "4:2:0"],
    [80, "4:4:4"],
  ])("writes JPEG of quality %i with colours as %s", async (quality, chromaSubsampling) => {
    const source = fixture("rgb-8.png");
    const bytes = await codecs.encode(await codecs.decode(source, probe(source)), "jpeg", { quality });
    expect(await sharp(bytes).metadata()).toMatchObject({ chromaSubsampling });
  });

  it("writes AVIF with colours as finely as brightness", async () => {
    const source = fixture("rgb-8.png");
    const bytes = await codecs.encode(await codecs.decode(source, probe(source)), "avif");
    const { at = 0 } = readAvif(bytes).properties.find(({ type }) => type === "av1C") ?? {};
    // Two bits of its third byte tell whether chroma is halved across and down.
    expect((bytes[at + 2] ?? 0) & 0b1100).toBe(0);
  });
});

it("is given up by sharp where it takes longer than it may", async () => {
  // Noise of two values is slowest to deflate: it takes 6 s or more, where a second is allowed.
  const side = 6000;
  const data = new Uint8ClampedArray(randomBytes(4 * side ** 2)).map((byte) => byte % 2);
  const image = { width: side, height: side, data };
  const { encode } = createSharpCodecs({ timeoutSeconds: 1 });
  // Only the length, because a failure would take minutes to print megabytes.
  const length = encode({ image }, "png").then((bytes) => bytes.length);
  await expect(length).rejects.toMatchObject({ code: "deadline_exceeded" });
});

it.each(["jpeg", "webp", "avif"] as const)("makes %s as large and as good with either", async (format) => {
  const source = readFileSync("src/web/samples/landscape.jpg");
  const picture = await jsquash.decode(source, probe(source));
  const [edge, origin] = await Promise.all(
    [jsquash, createSharpCodecs()].map(async (codecs) => {
      const bytes = await codecs.encode(picture, format, { quality: 70 });
      const { image } = await jsquash.decode(bytes, probe(bytes));
      return { bytes: bytes.length, error: difference(image, picture.image).mean };
    }),
  );
  expect((origin?.bytes ?? 0) / (edge?.bytes ?? 0)).toBeCloseTo(1, 1);
  expect((origin?.error ?? 0) / (edge?.error ?? 0)).toBeLessThan(1.1);
});
