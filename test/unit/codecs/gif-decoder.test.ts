import { getHeapStatistics } from "node:v8";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { createNodeCodecs } from "../../../src/codecs/node.ts";
import { concat, latin1 } from "../../../src/core/bytes.ts";
import type { Rgba } from "../../../src/core/image.ts";
import { probe } from "../../../src/core/probe/probe.ts";
import { blocksOf, gifFile, gifImage, gifTransparency } from "../gif-file.ts";

/** Decodes with the codecs of Node, which for GIF are those of the edge. */
async function decoded(bytes: Uint8Array): Promise<Rgba> {
  return (await createNodeCodecs().decode(bytes, probe(bytes))).image;
}

const [BLACK, RED, GREEN, WHITE, NONE] = ["000000ff", "ff0000ff", "00ff00ff", "ffffffff", "00000000"];

async function pixels(...blocks: Uint8Array[]): Promise<string[]> {
  const { data } = await decoded(gifFile(...blocks));
  return Buffer.from(data).toString("hex").match(/.{8}/g) ?? [];
}

async function failure(...blocks: Uint8Array[]): Promise<unknown> {
  return await decoded(gifFile(...blocks)).catch((error: unknown) => error);
}

const damaged = (got: string) => ({ code: "undecodable_image", message: expect.stringContaining(got) });

describe("a GIF", () => {
  it("is decoded as sharp decodes it: noise, whose strings are short, flat colours and stripes, whose strings are long", async () => {
    for (const [name, valueAt] of Object.entries({
      noise: (i: number) => (i * 7919 + ((i * i) % 251) * 31) % 256,
      flat: () => 128,
      stripes: (i: number) => 32 * (i % 7),
    })) {
      const raw = { width: 301, height: 203, channels: 3 } as const;
      const values = Uint8Array.from({ length: 3 * 301 * 203 }, (_, i) => valueAt(i));
      for (const progressive of [false, true]) {
        const bytes = await sharp(values, { raw }).gif({ progressive }).toBuffer();
        const theirs = await sharp(bytes).ensureAlpha().raw().toBuffer();
        expect(theirs.equals(Uint8Array.from((await decoded(bytes)).data)), `${name} ${progressive}`).toBe(true);
      }
    }
  });

  it.each([2, 3, 5, 8])("may be of symbols of %i bits, and go on with a full table", async (bits) => {
    const symbols = Array.from({ length: 100 * 60 }, (_, i) => (i * i + (i >> 3)) % 2 ** bits);
    const palette = Array.from({ length: 3 * 2 ** bits }, (_, i) => (i * 37) % 256);
    const image = gifImage({ width: 100, height: 60, palette, bits, codes: [2 ** bits, ...symbols] });
    const { width, height, data } = await decoded(gifFile(image));
    expect([width, height]).toEqual([100, 60]);
    const expected = symbols.flatMap((s) => [...palette.slice(3 * s, 3 * s + 3), 255]);
    expect(Buffer.from(data).equals(Uint8Array.from(expected))).toBe(true);
  });

  it("may use the last of 4096 codes, and none is made after that", async () => {
    // The first string gets the code 6, and each symbol except the first adds one.
    const symbols = Array.from({ length: 4091 }, (_, i) => (i * i + (i >> 3)) % 4);
    const codes = [4, ...symbols, 4095, 4095];
    const { data } = await decoded(gifFile(gifImage({ width: 4095, height: 1, codes })));
    const last = symbols.slice(-2);
    const colours = [0x000000, 0xff0000, 0x00ff00, 0xffffff];
    const seen = Array.from({ length: 4095 }, (_, i) => Buffer.from(data).readUIntBE(4 * i, 3));
    expect(seen).toEqual([...symbols, ...last, ...last].map((symbol) => colours[symbol]));
  });

  it("may use a string before it is whole, and begin its table anew, or not begin it", async () => {
    // After 1, code 6 stands for 1 1, the very string that it completes.
    expect(await pixels(gifImage({ codes: [4, 1, 6, 2, 5] }))).toEqual([RED, RED, RED, GREEN]);
    expect(await pixels(gifImage({ codes: [4, 1, 6, 4, 2, 5] }))).toEqual([RED, RED, RED, GREEN]);
    expect(await pixels(gifImage({ codes: [1, 6, 2] }))).toEqual([RED, RED, RED, GREEN]);
  });

  it("has no pixels beyond its size", async () => {
    expect(await pixels(gifImage({ codes: [4, 1, 6, 7, 3, 3, 3] }))).toEqual([RED, RED, RED, RED]);
  });

  it("has a palette of its own before the common one, and black where it has no colour, unless that is the one that stands for none", async () => {
    expect(await pixels(gifImage())).toEqual([BLACK, RED, GREEN, WHITE]);
    const palette = [1, 2, 3, 4, 5, 6];
    expect(await pixels(gifImage({ palette }))).toEqual(["010203ff", "040506ff", BLACK, BLACK]);
    expect(await pixels(gifTransparency(3), gifImage({ palette }))).toEqual(["010203ff", "040506ff", BLACK, NONE]);
  });

  it("may have a colour that stands for none, of the frame that follows", async () => {
    expect(await pixels(gifTransparency(2), gifImage())).toEqual([BLACK, RED, NONE, WHITE]);
    const isOpaque = gifTransparency(2).with(3, 0);
    expect(await pixels(isOpaque, gifImage())).toEqual([BLACK, RED, GREEN, WHITE]);
    // A comment that contains the bytes of other block types, and an application extension that resembles a transparency block.
    for (const between of [Uint8Array.of(0x21, 0xfe, 2, 0x2c, 0x3b, 0), Uint8Array.of(0x21, 0xff, 4, 0, 0, 0, 0, 0)])
      expect(await pixels(gifTransparency(2), between, gifImage())).toEqual([BLACK, RED, NONE, WHITE]);
  });

  it("stands where it says, on a canvas that is transparent and large enough for it", async () => {
    const image = gifImage({ x: 1, y: 2, width: 2, height: 1, codes: [4, 1, 2, 5] });
    expect(probe(gifFile(image))).toMatchObject({ width: 3, height: 3 });
    expect(await pixels(image)).toEqual([NONE, NONE, NONE, NONE, NONE, NONE, NONE, RED, GREEN]);
  });

  it("shows its first frame", async () => {
    const second = gifImage({ codes: [4, 3, 3, 3, 3, 5] });
    expect(probe(gifFile(gifImage(), gifTransparency(0), second))).toMatchObject({ frames: 2 });
    expect(await pixels(gifImage(), gifTransparency(0), second)).toEqual([BLACK, RED, GREEN, WHITE]);
    // However much follows, none of it counts as metadata.
    const many = Array.from({ length: 600 }, () => gifImage({ width: 60, height: 60, codes: Array(3600).fill(1) }));
    expect(await pixels(gifImage(), ...many)).toEqual([BLACK, RED, GREEN, WHITE]);
  });

  it("is damaged if pixels are missing, or a code stands for nothing", async () => {
    expect(await failure(gifImage({ width: 9, codes: [4, 0, 1, 2] }))).toMatchObject(
      damaged("fewer pixels than it says"),
    );
    // Two bytes of data are there, and two could hold all pixels.
    expect(await failure(gifImage({ height: 3, codes: [4, 0, 1, 2] }))).toMatchObject(
      damaged("fewer pixels than it says"),
    );
    expect(await failure(gifImage({ codes: [4, 0, 1, 2, 5] }))).toMatchObject(damaged("damaged gif data"));
    expect(await failure(gifImage({ codes: [4, 6, 1, 2, 3] }))).toMatchObject(damaged("damaged gif data"));
    expect(await failure(gifImage({ codes: [4, 0, 7, 1, 2] }))).toMatchObject(damaged("damaged gif data"));
    // Code 6 stood for something only before the table was cleared.
    expect(await failure(gifImage({ codes: [4, 1, 1, 4, 6, 1, 1] }))).toMatchObject(damaged("damaged gif data"));
    for (const bits of [0, 1, 9]) {
      const image = gifImage();
      image[10] = bits;
      expect(await failure(image)).toMatchObject(damaged(`symbols of ${bits} bits`));
    }
  });

  it("is refused with more beside its pixels than a picture has", async () => {
    const comment = concat([Uint8Array.of(0x21, 0xfe), blocksOf(new Uint8Array(1_100_000))]);
    expect(await failure(comment, gifImage())).toMatchObject({ code: "source_too_large" });
    expect(await pixels(gifImage(), comment)).toHaveLength(4);
  });

  it("takes little more memory than its bytes, in however many blocks they come", async () => {
    const image = gifImage({ width: 512, height: 512 });
    const blocks = Uint8Array.from({ length: 4_000_000 }, (_, i) => (i % 2 === 0 ? 1 : 0));
    const before = getHeapStatistics().used_heap_size;
    // The frame's header and symbol size, then blocks of one byte each, then the real data.
    const { width } = await decoded(gifFile(image.subarray(0, 11), blocks, image.subarray(11)));
    expect(getHeapStatistics().used_heap_size - before).toBeLessThan(100e6);
    expect(width).toBe(512);
  });

  it("is cut short wherever it ends early", () => {
    const bytes = gifFile(gifTransparency(1), gifImage({ palette: [1, 2, 3, 4, 5, 6] }));
    for (let length = 6; length < bytes.length; length++) {
      expect(() => probe(bytes.subarray(0, length)), `${length}`).toThrow(
        expect.objectContaining({ code: "undecodable_image" }),
      );
    }
    expect(probe(Buffer.concat([bytes, latin1("and more")]))).toMatchObject({ width: 2, height: 2 });
  });
});
