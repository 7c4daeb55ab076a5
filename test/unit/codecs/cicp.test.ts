import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { addAvifProperty } from "../../../src/codecs/avif-container.ts";
import { embedIcc, readIcc } from "../../../src/codecs/icc.ts";
import { pngChunk } from "../../../src/codecs/png-container.ts";
import { concat, latin1 } from "../../../src/core/bytes.ts";
import { probe } from "../../../src/core/probe/probe.ts";
import { fixture } from "../../fixtures/read.ts";
import { box } from "../avif-file.ts";

/** A PNG with a cICP chunk right after IHDR. */
function cicpPng(primaries: number, transfer: number, bytes = fixture("rgb-8.png"), fullRange = 1): Uint8Array {
  const chunk = pngChunk("cICP", Uint8Array.of(primaries, transfer, 0, fullRange));
  return concat([bytes.subarray(0, 33), chunk, bytes.subarray(33)]);
}

/** An AVIF with an nclx box of matrix 6 and full range. */
function nclxAvif(primaries: number, transfer: number): Uint8Array {
  const numbers = Uint8Array.of(0, primaries, 0, transfer, 0, 6, 0x80);
  return addAvifProperty(fixture("8-bit.avif"), box("colr", latin1("nclx"), numbers));
}

/** An AVIF without a colr box, whose AV1 data hold the numbers; those of the fixture are 1, 13 and 6. */
function codedAvif(primaries: number, transfer: number, name = "8-bit.avif"): Uint8Array {
  const binary = (...numbers: number[]) => numbers.map((number) => number.toString(2).padStart(8, "0")).join("");
  const unboxed = latin1(Buffer.from(fixture(name)).toString("latin1").replace("colrnclx", "freenclx"));
  const bits = binary(...unboxed).replaceAll(binary(1, 13, 6), binary(primaries, transfer, 6));
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}

const srgb = { linear: (v: number) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4) };
const encode = (v: number) => (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);

/**
 * Matrices to linear BT.709, by rows. @see ITU-R BT.2087, SMPTE EG 432-1; the others are calculated from the chromaticities of
 * ITU-T H.273 table 2, with the white point adapted by Bradford's matrix.
 */
const TO_709 = {
  1: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  4: [1.4862, -0.4036, -0.0826, -0.0251, 0.954, 0.0711, -0.0272, -0.0441, 1.0713],
  5: [1.044, -0.044, 0, 0, 1, 0, 0, 0.0118, 0.9882],
  6: [0.9395, 0.0502, 0.0103, 0.0178, 0.9658, 0.0164, -0.0016, -0.0044, 1.006],
  7: [0.9395, 0.0502, 0.0103, 0.0178, 0.9658, 0.0164, -0.0016, -0.0044, 1.006],
  8: [1.3462, -0.3392, -0.007, -0.0474, 1.0661, -0.0187, -0.0217, -0.0613, 1.083],
  9: [1.6605, -0.5876, -0.0728, -0.1246, 1.1329, -0.0083, -0.0182, -0.1006, 1.1187],
  10: [3.1467, -1.6665, -0.4802, -0.9955, 1.9558, 0.0398, 0.0636, -0.2146, 1.151],
  11: [1.1575, -0.155, -0.0026, -0.0415, 1.0456, -0.0041, -0.0181, -0.0786, 1.0966],
  12: [1.2249, -0.2247, 0, -0.042, 1.042, 0, -0.0196, -0.0786, 1.0979],
  22: [1.0253, -0.0265, 0.0013, 0.0194, 0.948, 0.0326, -0.0018, -0.0014, 1.0032],
};

describe("a colour space that is named by numbers", () => {
  it.each([
    [12, 13, srgb.linear],
    [9, 13, srgb.linear],
    ...[1, 6, 11, 14, 15].map((transfer) => [1, transfer, (v: number) => v ** 2.4] as const),
    [9, 1, (v: number) => v ** 2.4],
    [6, 6, (v: number) => v ** 2.4],
    [7, 13, srgb.linear],
    [1, 7, (v: number) => (v < 0.0913 ? v / 4 : ((v + 0.1115) / 1.1115) ** (1 / 0.45))],
    [1, 4, (v: number) => v ** 2.2],
    [12, 5, (v: number) => v ** 2.8],
    [1, 8, (v: number) => v],
    [4, 4, (v: number) => v ** 2.2],
    [5, 5, (v: number) => v ** 2.8],
    [8, 13, srgb.linear],
    [10, 13, srgb.linear],
    [10, 17, (v: number) => (52.37 / 48) * v ** 2.6],
    [11, 17, (v: number) => (52.37 / 48) * v ** 2.6],
    [22, 13, srgb.linear],
  ] as const)("%i/%i becomes a profile that shows its colours", async (primaries, transfer, linear) => {
    const icc = (await readIcc(cicpPng(primaries, transfer), "png")) ?? new Uint8Array();
    const colours = [100, 150, 120, 180, 160, 150, 70, 70, 90, 128, 128, 128, 255, 255, 255, 0, 0, 0];
    const raw = { width: colours.length / 3, height: 1, channels: 3 } as const;
    const plain = await sharp(Uint8Array.from(colours), { raw }).png().toBuffer();
    const shown = await sharp(await embedIcc(plain, "png", icc))
      .toColourspace("srgb")
      .raw()
      .toBuffer();
    const expected = colours.map((_, i) => {
      const light = colours.slice(i - (i % 3), i - (i % 3) + 3).map((value) => linear(value / 255));
      const row = TO_709[primaries].slice(3 * (i % 3), 3 * (i % 3) + 3);
      const value = row.reduce((sum, share, c) => sum + share * Math.min(light[c] ?? 0, 1), 0);
      return 255 * encode(Math.min(Math.max(value, 0), 1));
    });
    const differences = [...shown].map((value, i) => Math.abs(value - (expected[i] ?? 0)));
    expect(Math.max(...differences)).toBeLessThan(1.5);
  });

  it.each([
    [4, 0.31, 0.316],
    [8, 0.31, 0.316],
    [9, 0.3127, 0.329],
    [10, 1 / 3, 1 / 3],
    [11, 0.314, 0.351],
  ])("%i says what brought its white, %f and %f, to D50", async (primaries, x, y) => {
    const icc = (await readIcc(cicpPng(primaries, 13), "png")) ?? new Uint8Array();
    const view = new DataView(icc.buffer);
    const start = view.getUint32(Buffer.from(icc).indexOf("chad", 132) + 4) + 8;
    const white = [x / y, 1, (1 - x - y) / y];
    const row = (r: number) =>
      white.reduce((sum, value, i) => sum + (value * view.getInt32(start + 12 * r + 4 * i)) / 65_536, 0);
    for (const [r, value] of [0.9642, 1, 0.8249].entries()) expect(row(r)).toBeCloseTo(value, 3);
  });

  it("is read from AVIF as from PNG, grey or not", async () => {
    const icc = await readIcc(nclxAvif(12, 13), "avif");
    expect(icc).toBeDefined();
    expect(icc).toEqual(await readIcc(cicpPng(12, 13), "png"));
    expect(icc).toEqual(await readIcc(cicpPng(12, 13, fixture("grey-8.png")), "png"));
  });

  it.each(["8-bit.avif", "grid.avif"])("is read from the data of %s where no box names it", async (name) => {
    expect(await readIcc(codedAvif(12, 13, name), "avif")).toEqual(await readIcc(cicpPng(12, 13), "png"));
    const p3 = (await readIcc(fixture("p3.png"), "png")) ?? new Uint8Array();
    const boxed = await embedIcc(codedAvif(9, 16, name), "avif", p3);
    expect(await readIcc(boxed, "avif")).toEqual(p3);
  });

  it.each([
    [1, 13],
    [2, 2],
  ])("%i/%i is shown as sRGB: no profile", async (primaries, transfer) => {
    expect(await readIcc(cicpPng(primaries, transfer), "png")).toBeUndefined();
    expect(await readIcc(nclxAvif(primaries, transfer), "avif")).toBeUndefined();
  });

  it.each([1, 6, 14, 15])("1/%i, of video, is shown as sRGB in an AVIF", async (transfer) => {
    expect(await readIcc(nclxAvif(1, transfer), "avif")).toBeUndefined();
  });

  it("is looked past in a PNG where the range is not the full one", async () => {
    expect(await readIcc(cicpPng(12, 13, fixture("rgb-8.png"), 0), "png")).toBeUndefined();
    const p3 = await readIcc(fixture("p3.png"), "png");
    expect(await readIcc(cicpPng(9, 13, fixture("p3.png"), 0), "png")).toEqual(p3);
    expect(probe(cicpPng(9, 16, fixture("rgb-8.png"), 0))).toMatchObject({ width: 45, height: 29 });
  });

  it("counts before a profile in PNG, and after one in AVIF", async () => {
    expect(await readIcc(cicpPng(1, 13, fixture("p3.png")), "png")).toBeUndefined();
    const p3 = await readIcc(fixture("p3.avif"), "avif");
    const both = await embedIcc(nclxAvif(9, 13), "avif", p3 ?? new Uint8Array());
    expect(await readIcc(both, "avif")).toEqual(p3);
  });

  it.each([
    [2, 2],
    [2, 13],
    [12, 2],
    [0, 13],
    [3, 13],
    [13, 13],
    [23, 13],
    [1, 0],
    [1, 3],
    [1, 19],
  ])("does not count before a profile in PNG where %i/%i names none", async (primaries, transfer) => {
    const p3 = await readIcc(fixture("p3.png"), "png");
    expect(await readIcc(cicpPng(primaries, transfer, fixture("p3.png")), "png")).toEqual(p3);
  });

  it("of high dynamic range is refused by its header", async () => {
    for (const bytes of [cicpPng(9, 16), cicpPng(9, 18), nclxAvif(9, 16), nclxAvif(9, 18), codedAvif(9, 16)]) {
      expect(() => probe(bytes)).toThrow(
        expect.objectContaining({
          code: "unsupported_format",
          message: expect.stringMatching(/^Expected standard dynamic range for source, got (PQ|HLG)$/),
        }),
      );
    }
    const p3 = (await readIcc(fixture("p3.png"), "png")) ?? new Uint8Array();
    for (const bytes of [nclxAvif(9, 16), codedAvif(9, 16)])
      expect(probe(await embedIcc(bytes, "avif", p3))).toMatchObject({ width: 45, height: 29 });
    expect(probe(cicpPng(2, 16))).toMatchObject({ width: 45, height: 29 });
  });

  it("of high dynamic range is looked past in a PNG's chunk of another length, and in one behind the pixels", () => {
    const [png, numbers] = [fixture("rgb-8.png"), Uint8Array.of(9, 16, 0, 1)];
    const places = [
      [33, new Uint8Array()],
      [33, concat([numbers, numbers])],
      [-12, numbers],
    ] as const;
    for (const [at, data] of places) {
      const bytes = concat([png.subarray(0, at), pngChunk("cICP", data), png.subarray(at)]);
      expect(probe(bytes)).toMatchObject({ width: 45, height: 29 });
    }
  });
});
