import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { embedIcc, readIcc } from "../../../src/codecs/icc.ts";
import { createCodecs } from "../../../src/codecs/jsquash.ts";
import { CODEC_MODULES } from "../../../src/codecs/node-modules.ts";
import { pngChunk } from "../../../src/codecs/png-container.ts";
import { createSharpCodecs } from "../../../src/codecs/sharp.ts";
import { riffChunk, webpFile } from "../../../src/codecs/webp-container.ts";
import { be32, concat, latin1 } from "../../../src/core/bytes.ts";
import { FORMATS, ownFormat } from "../../../src/core/image.ts";
import { u32be } from "../../../src/core/probe/bytes.ts";
import { jpegSegments } from "../../../src/core/probe/jpeg.ts";
import { probe } from "../../../src/core/probe/probe.ts";
import { webpChunks } from "../../../src/core/probe/webp.ts";
import { fixture } from "../../fixtures/read.ts";
import { difference } from "./difference.ts";

async function sharpIcc(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const { icc } = await sharp(bytes).metadata();
  return icc && new Uint8Array(icc);
}

const P3 = await sharpIcc(fixture("p3.png"));
/** The start of a zlib stream and 5 MB of empty deflate blocks. */
const EMPTY_BLOCKS = concat([Uint8Array.of(0x78, 0x9c), Buffer.alloc(5_000_000, "000000ffff", "hex")]);
const GREY = await sharpIcc(fixture("grey-profile.png"));
if (!P3 || !GREY) throw new Error("A fixture has lost its profile");

/** Offset of the first part's number in a JPEG without APP0: after SOI, the marker, the length and the signature. */
const FIRST_NUMBER = 2 + 4 + 12;

describe("readIcc", () => {
  it.each(["p3.png", "p3.jpg", "p3.webp", "p3.avif"])("reads the same bytes as sharp from %s", async (name) => {
    const bytes = fixture(name);
    expect(await readIcc(bytes, probe(bytes).format)).toEqual(await sharpIcc(bytes));
  });

  it("finds the profile of a WebP behind its metadata", async () => {
    const chunks = [...webpChunks(fixture("p3.webp"))].map(({ whole }) => whole);
    const bytes = webpFile(
      chunks.toSpliced(1, 0, riffChunk("EXIF", latin1("II*\0")), riffChunk("some", latin1("one"))),
    );
    expect(await readIcc(bytes, "webp")).toEqual(await sharpIcc(fixture("p3.webp")));
  });

  it("finds the profile of a JPEG among what else stands in APP2, and not behind its pixels", async () => {
    const segment = (marker: number, data: Uint8Array) =>
      concat([Uint8Array.of(0xff, marker, 0, data.length + 2), data]);
    const [plain, tagged] = [fixture("420.jpg"), await embedIcc(fixture("420.jpg"), "jpeg", P3)];
    const others = [segment(0xe2, latin1("MPF\0MM\0*\0\0\0\x08\0\0")), segment(0xe1, latin1("ICC_PROFILE\0\x02\x01"))];
    expect(await readIcc(concat([tagged.subarray(0, 2), ...others, tagged.subarray(2)]), "jpeg")).toEqual(P3);
    const [profile] = [...jpegSegments(tagged)].map(({ whole }) => whole);
    expect(
      await readIcc(concat([plain.subarray(0, -2), profile ?? plain, plain.subarray(-2)]), "jpeg"),
    ).toBeUndefined();
  });

  it("finds the profile of a PNG among its other chunks, and not behind its pixels", async () => {
    const [plain, tagged] = [fixture("rgb-8.png"), await embedIcc(fixture("rgb-8.png"), "png", P3)];
    const others = [
      pngChunk("gAMA", be32(45_455)),
      pngChunk("zTXt", concat([latin1("a\0\0"), deflateSync("b")])),
      pngChunk("cICP", Uint8Array.of(9, 16, 0)),
      pngChunk("iCCP", concat([latin1("\0\0"), deflateSync(GREY)])),
      pngChunk("iCCP", concat([latin1("a\0\x01"), deflateSync(GREY)])),
    ];
    expect(await readIcc(concat([tagged.subarray(0, 33), ...others, tagged.subarray(33)]), "png")).toEqual(P3);
    const profile = tagged.subarray(33, 33 + tagged.length - plain.length);
    expect(await readIcc(concat([plain.subarray(0, -12), profile, plain.subarray(-12)]), "png")).toBeUndefined();
  });

  it.each([
    ["of another colour space", damaged(P3, 16, "CMYK")],
    ["without its signature", damaged(P3, 36, "none")],
    ["that is shorter than it says", damaged(P3, 0, "\x7f")],
    ["that says it ends before its tags", damaged(P3, 0, "\0\0\0\x83")],
    ["that ends within its length", P3.slice(0, 3)],
  ])("leaves out a profile %s", async (_, icc) => {
    expect(await readIcc(await embedIcc(fixture("rgb-8.png"), "png", icc), "png")).toBeUndefined();
  });

  it.each(FORMATS)("leaves out what stands behind the end of a profile in %s", async (format) => {
    const plain = fixture({ png: "rgb-8.png", jpeg: "420.jpg", webp: "lossy.webp", avif: "8-bit.avif" }[format]);
    const icc = concat([P3, latin1("private")]);
    expect(await readIcc(await embedIcc(plain, format, icc), format)).toEqual(P3);
  });

  const CURVE = Buffer.from(GREY).indexOf("kTRC");
  it.each([
    ["ends within it", [[CURVE + 8, 0x7fffffff]]],
    ["ends within its type", [[CURVE + 8, 4]]],
    ["begins behind its end", [[CURVE + 4, 0x7fffffff]]],
    [
      "is missing, and that has more tags than bytes",
      [
        [CURVE, 0],
        [128, 0xffffffff],
      ],
    ],
  ] as const)("leaves out a grey profile whose curve %s", async (_, damage) => {
    const icc = new Uint8Array(GREY);
    for (const [at, value] of damage) icc.set(be32(value), at);
    expect(await readIcc(await embedIcc(fixture("grey-8.png"), "png", icc), "png")).toBeUndefined();
  });

  it.each(["rgb-8.png", "420.jpg", "lossy.webp", "8-bit.avif", "cmyk.jpg"])(
    "finds no RGB profile in %s",
    async (name) => {
      const bytes = fixture(name);
      expect(await readIcc(bytes, probe(bytes).format)).toBeUndefined();
    },
  );

  it.each(["grey-profile.png", "grey-profile.jpg"])(
    "gives the grey profile of %s as RGB of the same tones",
    async (name) => {
      const bytes = fixture(name);
      const icc = await readIcc(bytes, probe(bytes).format);
      if (!icc) throw new Error("Expected a profile");
      const gradient = Uint8Array.from({ length: 256 }, (_, i) => i);
      const toSrgb = async (samples: Uint8Array, channels: 1 | 3, profile: Uint8Array): Promise<number[]> => {
        const raw = { width: 256, height: 1, channels };
        const plain = await sharp(samples, { raw })
          .toColourspace(channels === 1 ? "b-w" : "srgb")
          .png()
          .toBuffer();
        const tagged = await embedIcc(plain, "png", profile);
        const { data, info } = await sharp(tagged).toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
        return [...data.filter((_, i) => i % info.channels === 0)];
      };
      const grey = (await sharpIcc(bytes)) ?? new Uint8Array();
      const asGrey = await toSrgb(gradient, 1, grey);
      const asRgb = await toSrgb(Uint8Array.from([...gradient].flatMap((v) => [v, v, v])), 3, icc);
      expect(Math.max(...asRgb.map((value, i) => Math.abs(value - (asGrey[i] ?? 255))))).toBeLessThanOrEqual(1);
      // The profile takes effect, because gamma 2.2 is not sRGB's curve.
      expect(asGrey).not.toEqual([...gradient]);
      for (const name of ["desc", "cprt", "wtpt"]) expect(tag(icc, name), name).toEqual(tag(grey, name));
    },
  );

  it("gives a grey profile without texts a copyright, which each profile has, and no description", async () => {
    const grey = GREY.slice();
    for (const name of ["desc", "cprt"]) grey.set(latin1("none"), tagOf(grey, name));
    const icc = (await readIcc(await embedIcc(fixture("grey-8.png"), "png", grey), "png")) ?? new Uint8Array();
    expect(tag(icc, "cprt")).toEqual(latin1("text\0\0\0\0CC0\0"));
    expect(tagOf(icc, "desc")).toBe(-1);
  });

  it.each(["rgb-8.png", "palette-8.png", "420.jpg", "lossy.webp", "8-bit.avif"])(
    "leaves a grey profile out of %s, which is in colour",
    async (name) => {
      const bytes = fixture(name);
      const format = ownFormat(probe(bytes).format);
      expect(await readIcc(await embedIcc(bytes, format, GREY), format)).toBeUndefined();
    },
  );

  it.each(["grey-8.png", "grey-alpha-8.png", "cmyk.jpg"])(
    "leaves an RGB profile out of %s, which is not in RGB",
    async (name) => {
      const bytes = fixture(name);
      const format = ownFormat(probe(bytes).format);
      expect(await readIcc(await embedIcc(bytes, format, P3), format)).toBeUndefined();
    },
  );

  it("gives the grey profile of a grey PNG with alpha and of a monochrome AVIF, whole or of tiles", async () => {
    // Only the header says monochrome, because sharp writes no such AVIF.
    const monochrome = ["8-bit.avif", "grid.avif"].map((name) => {
      const bytes = fixture(name);
      const flags = Buffer.from(bytes).indexOf("av1C") + 6;
      return bytes.with(flags, (bytes[flags] ?? 0) | 0x10);
    });
    for (const bytes of [fixture("grey-alpha-8.png"), ...monochrome]) {
      const format = ownFormat(probe(bytes).format);
      const tagged = await embedIcc(bytes, format, GREY);
      const before = tagged.slice();
      expect(await readIcc(tagged, format), format).toBeDefined();
      expect(same(tagged, before), "as it was").toBe(true);
    }
  });

  it.each([
    ["unpacks to", deflateSync(new Uint8Array(64 * 2 ** 20))],
    ["is packed to, however little it is,", concat([EMPTY_BLOCKS, deflateSync(P3).subarray(2)])],
  ])("refuses a profile that %s more than 4 MB", async (_, packed) => {
    const plain = fixture("rgb-8.png");
    const chunk = pngChunk("iCCP", concat([Uint8Array.of(97, 0, 0), packed]));
    const bytes = concat([plain.subarray(0, 33), chunk, plain.subarray(33)]);
    await expect(readIcc(bytes, "png")).rejects.toMatchObject({ code: "undecodable_image" });
  });

  it("refuses a grey profile that would be more than 4 MB as RGB", async () => {
    const large = padded(GREY, 2 ** 21);
    // Each tag spans the whole profile.
    for (let at = 132; at < 132 + 12 * u32be(GREY, 128); at += 12)
      large.set(concat([be32(0), be32(large.length)]), at + 4);
    const bytes = await embedIcc(fixture("grey-8.png"), "png", large);
    expect(bytes.length).toBeLessThan(10_000);
    await expect(readIcc(bytes, "png")).rejects.toMatchObject({ code: "undecodable_image" });
  });

  it("leaves out a profile that is damaged", async () => {
    const plain = fixture("rgb-8.png");
    const chunk = pngChunk("iCCP", Uint8Array.of(97, 0, 0, 1, 2, 3, 4));
    expect(await readIcc(concat([plain.subarray(0, 33), chunk, plain.subarray(33)]), "png")).toBeUndefined();
    expect(await readIcc(await embedIcc(plain, "png", P3.subarray(0, 300)), "png")).toBeUndefined();
  });

  it("leaves out a JPEG profile of which a part is missing", async () => {
    const large = padded(P3, 100_000);
    const bytes = await embedIcc(fixture("420.jpg"), "jpeg", large);
    expect(same(await readIcc(bytes, "jpeg"), large)).toBe(true);
    const [first] = jpegSegments(bytes);
    const rest = bytes.subarray(2 + (first?.whole.length ?? 0));
    expect(await readIcc(concat([bytes.subarray(0, 2), rest]), "jpeg")).toBeUndefined();
  });

  it.each([0, 1, 2])("leaves out a JPEG profile of one part that comes with a part %i of one", async (number) => {
    const bytes = await embedIcc(await embedIcc(fixture("420.jpg"), "jpeg", P3), "jpeg", P3);
    bytes[FIRST_NUMBER] = number;
    expect(await readIcc(bytes, "jpeg")).toBeUndefined();
  });

  it.each([2, 3])("leaves out a JPEG profile whose parts disagree on how many there are: %i and 1", async (total) => {
    const bytes = await embedIcc(await embedIcc(fixture("420.jpg"), "jpeg", P3), "jpeg", P3);
    bytes.fill(total, FIRST_NUMBER, FIRST_NUMBER + 2);
    expect(await readIcc(bytes, "jpeg")).toBeUndefined();
  });

  it("takes the first of two profiles of a PNG", async () => {
    const other = await embedIcc(fixture("rgb-8.png"), "png", padded(P3, 1000));
    expect(same(await readIcc(await embedIcc(other, "png", P3), "png"), P3)).toBe(true);
  });

  it.each(["ANIM", "ANMF", "ALPH", "VP8 ", "VP8L"])(
    "takes no profile from behind %s of a WebP, where viewers do not look",
    async (type) => {
      const [profile, pixels] = [riffChunk("ICCP", P3), riffChunk(type, new Uint8Array(1))];
      expect(await readIcc(webpFile([profile, pixels]), "webp")).toEqual(P3);
      expect(await readIcc(webpFile([pixels, profile]), "webp")).toBeUndefined();
    },
  );

  it.each([
    ["as it is", 0],
    ["by a power", 1],
  ])("gives a grey profile whose curve leads to L* %s", async (_, count) => {
    const ramp = Uint8Array.from({ length: 256 }, (_, i) => i);
    const raw = { width: 256, height: 1, channels: 1 } as const;
    const plain = await sharp(ramp, { raw }).toColourspace("b-w").png().toBuffer();
    const grey = await embedIcc(plain, "png", lightness(GREY.slice(), count));
    const icc = (await readIcc(grey, "png")) ?? new Uint8Array();
    const shown = async (png: Uint8Array) => sharp(png).toColourspace("srgb").removeAlpha().raw().toBuffer();
    const inColour = await embedIcc(await sharp(plain).toColourspace("srgb").png().toBuffer(), "png", icc);
    const [expected, got] = [await shown(grey), await shown(inColour)];
    expect(got.length).toBe(3 * ramp.length);
    expect(Math.max(...got.map((value, i) => Math.abs(value - (expected[i] ?? 0))))).toBeLessThan(2);
  });

  it("gives a grey profile neither its id nor its colour spaces", async () => {
    const grey = lightness(GREY.slice(), 0).fill(1, 84, 100);
    const icc = (await readIcc(await embedIcc(fixture("grey-8.png"), "png", grey), "png")) ?? new Uint8Array();
    expect(icc.subarray(16, 24)).toEqual(latin1("RGB XYZ "));
    expect(icc.subarray(84, 100)).toEqual(new Uint8Array(16));
  });

  it.each([
    ["whose curve leads to L* by a table", (icc: Uint8Array) => lightness(icc, 2)],
    [
      "whose curve to L* is none",
      (icc: Uint8Array) => lightness(icc, 0).set(latin1("none"), u32be(icc, tagOf(icc, "kTRC") + 4)),
    ],
    ["whose curve to L* has no count", (icc: Uint8Array) => lightness(icc, 0).set(be32(8), tagOf(icc, "kTRC") + 8)],
    ["whose curve to L* has no power", (icc: Uint8Array) => lightness(icc, 1).set(be32(12), tagOf(icc, "kTRC") + 8)],
    ["whose curve lies past its end", (icc: Uint8Array) => icc.set([0, 1, 0, 0], tagOf(icc, "kTRC") + 4)],
    ["whose curve has no bytes", (icc: Uint8Array) => icc.fill(0, tagOf(icc, "kTRC") + 8, tagOf(icc, "kTRC") + 12)],
    ["without a curve", (icc: Uint8Array) => icc.set(latin1("none"), tagOf(icc, "kTRC"))],
  ])("leaves out a grey profile %s", async (_, damage) => {
    const icc = GREY.slice();
    damage(icc);
    expect(await readIcc(await embedIcc(fixture("grey-8.png"), "png", icc), "png")).toBeUndefined();
  });
});

const IMPLEMENTATIONS = { jsquash: createCodecs(CODEC_MODULES), sharp: createSharpCodecs() };
const CASES = Object.keys(IMPLEMENTATIONS).flatMap((codecs) => FORMATS.map((format) => [codecs, format] as const));

describe("embedIcc", () => {
  it.each(CASES)("puts a profile into what %s encodes as %s", async (name, format) => {
    const codecs = name === "sharp" ? IMPLEMENTATIONS.sharp : IMPLEMENTATIONS.jsquash;
    // The larger one takes several JPEG segments, and its size does not fit into two bytes.
    for (const icc of [P3, padded(P3, 150_000)]) {
      for (const source of ["rgb-8.png", "rgba-8.png"]) {
        const bytes = fixture(source);
        const { image } = await codecs.decode(bytes, probe(bytes));
        const plain = await codecs.encode({ image }, format);
        const tagged = await codecs.encode({ image, icc }, format);
        expect(await sharpIcc(plain)).toBeUndefined();
        expect(same(await sharpIcc(tagged), icc)).toBe(true);
        expect(same(await readIcc(tagged, format), icc)).toBe(true);
        const before = await sharp(plain).ensureAlpha().raw().toBuffer();
        const after = await sharp(tagged, { ignoreIcc: true }).ensureAlpha().raw().toBuffer();
        expect(after.equals(before), source).toBe(true);
        const mine = await codecs.decode(tagged, probe(tagged));
        expect(difference(mine.image, (await codecs.decode(plain, probe(plain))).image).max).toBe(0);
      }
    }
  });
});

it("puts a profile behind JFIF, which comes first", async () => {
  const { image } = await IMPLEMENTATIONS.jsquash.decode(fixture("rgb-8.png"), probe(fixture("rgb-8.png")));
  const bytes = await IMPLEMENTATIONS.jsquash.encode({ image, icc: P3 }, "jpeg");
  expect([...jpegSegments(bytes)].slice(0, 2).map(({ marker }) => marker)).toEqual([0xe0, 0xe2]);
});

/** Offset of a tag's entry in the table. */
function tagOf(icc: Uint8Array, name: string): number {
  return Buffer.from(icc).indexOf(name, 132);
}

function tag(icc: Uint8Array, name: string): Uint8Array {
  const [start, length] = [4, 8].map((at) => u32be(icc, tagOf(icc, name) + at));
  return icc.slice(start, (start ?? 0) + (length ?? 0));
}

/** Turns a grey profile into one whose curve leads to L*, with `count` entries and no more bytes than they need. */
function lightness(icc: Uint8Array, count: number): Uint8Array {
  icc.set(latin1("Lab "), 20);
  icc.set(be32(12 + 2 * count), tagOf(icc, "kTRC") + 8);
  icc.set(be32(count), u32be(icc, tagOf(icc, "kTRC") + 4) + 8);
  return icc;
}

/** Compares large arrays, for which `toEqual` takes seconds. */
function same(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0;
}

/** The profile, extended to `length` bytes, which its size field counts. */
function padded(icc: Uint8Array, length: number): Uint8Array {
  const larger = new Uint8Array(length);
  larger.set(icc);
  new DataView(larger.buffer).setUint32(0, length);
  return larger;
}

/** A copy of the profile with these characters at offset `at`. */
function damaged(icc: Uint8Array, at: number, text: string): Uint8Array {
  const copy = icc.slice();
  copy.set(latin1(text), at);
  return copy;
}
