import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addAvifProperty } from "../../../../src/codecs/avif-container.ts";
import { pngChunk } from "../../../../src/codecs/png-container.ts";
import { riffChunk, vp8x, webpFile } from "../../../../src/codecs/webp-container.ts";
import { be32, concat, latin1 } from "../../../../src/core/bytes.ts";
import { ServiceError } from "../../../../src/core/errors.ts";
import { readAvif } from "../../../../src/core/probe/avif.ts";
import { exifOrientation } from "../../../../src/core/probe/exif.ts";
import { probe } from "../../../../src/core/probe/probe.ts";
import type { Probe } from "../../../../src/core/probe/probe-result.ts";
import { VP8X_ALPHA, VP8X_ANIMATION, VP8X_ICC } from "../../../../src/core/probe/webp.ts";
import { cpuMs } from "../../../cpu-ms.ts";
import { fixture, fixtureNames } from "../../../fixtures/read.ts";
import { avifFile, be16, box, infe, ispe, reference } from "../../avif-file.ts";
import { gifFile, gifImage } from "../../gif-file.ts";

const EMPTY = riffChunk("free", new Uint8Array());
const SIDE_16 = { width: 16, height: 16 };
/** The header of a VP8 key frame of 16x16. */
const VP8_HEADER = Uint8Array.of(0x10, 1, 0, 0x9d, 1, 0x2a, 16, 0, 16, 0);
const VP8 = riffChunk("VP8 ", VP8_HEADER);
/** An animation frame of 16x16 in the corner. */
const ANMF = riffChunk("ANMF", concat([Uint8Array.of(0, 0, 0, 0, 0, 0, 15, 0, 0, 15, 0, 0, 0, 0, 0, 0), VP8]));
const vp8With = (at: number, value: number) => webpFile([riffChunk("VP8 ", VP8_HEADER.with(at, value))]);

/** The data of an IHDR for 16x16 pixels of 8-bit grey. */
const HEADER = Uint8Array.of(0, 0, 0, 16, 0, 0, 0, 16, 8, 0, 0, 0, 0);
const ihdr = (at: number, value: number) => pngChunk("IHDR", (at === 8 ? HEADER.with(9, 2) : HEADER).with(at, value));
const IHDR = pngChunk("IHDR", HEADER);
const IDAT = pngChunk("IDAT", new Uint8Array(1));
const png = (...chunks: Uint8Array[]) =>
  concat([latin1("\x89PNG\r\n\x1a\n"), ...chunks, pngChunk("IEND", new Uint8Array())]);

/** A frame header for 16x16 pixels of grey. */
const SOF = Uint8Array.of(0xff, 0xc0, 0, 11, 8, 0, 16, 0, 16, 1, 1, 17, 0);
const IN_COLOUR = Uint8Array.of(0xff, 0xc0, 0, 17, 8, 0, 16, 0, 16, 3, 1, 17, 0, 2, 17, 0, 3, 17, 0);
const SOS = Uint8Array.of(0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0);
const jpeg = (...segments: Uint8Array[]) => concat([Uint8Array.of(0xff, 0xd8), ...segments, Uint8Array.of(0xff, 0xd9)]);

/** EXIF data of a picture that is upside down. */
const EXIF_3 = concat([latin1("MM\0*"), be32(8), be16(1), be16(0x0112), be16(3), be32(1), be16(3), be16(0), be32(0)]);
const EXIF_3_LE = concat([
  latin1("II*\0"),
  Uint8Array.of(8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0),
]);

const PLAIN = { width: 45, height: 29, orientation: 1, frames: 1, scans: 1, bitDepth: 8 };

const EXPECTED: Readonly<Record<string, Partial<Probe>>> = {
  "grey-1.png": { bitDepth: 1 },
  "grey-2.png": { bitDepth: 2 },
  "grey-4.png": { bitDepth: 4 },
  "grey-8.png": {},
  "grey-16.png": { bitDepth: 16 },
  "grey-trns.png": {},
  "grey-alpha-8.png": {},
  "grey-alpha-16.png": { bitDepth: 16 },
  "grey-profile.png": {},
  "palette-1.png": { bitDepth: 1, lossy: true },
  "palette-2.png": { bitDepth: 2, lossy: true },
  "palette-4.png": { bitDepth: 4, lossy: true },
  "palette-8.png": { lossy: true },
  "palette-trns.png": { bitDepth: 4, lossy: true },
  "rgb-8.png": {},
  "rgb-16.png": { bitDepth: 16 },
  "rgba-8.png": {},
  "rgba-16.png": { bitDepth: 16 },
  "p3.png": {},
  "interlaced.png": {},
  "orientation-6.png": { orientation: 6 },
  "animated.png": { frames: 2 },
  "bomb-30000x30000.png": { width: 30000, height: 30000, bitDepth: 1 },
  "420.jpg": {},
  "444.jpg": {},
  "grey.jpg": {},
  "grey-profile.jpg": {},
  "progressive.jpg": { scans: 10 },
  "p3.jpg": {},
  "orientation-6.jpg": { orientation: 6 },
  "trailing-bytes.jpg": {},
  "truncated-with-eoi.jpg": {},
  "bomb-16000x16000.jpg": { width: 16000, height: 16000, scans: 6 },
  "cmyk.jpg": { unsupported: "CMYK JPEG" },
  "arithmetic.jpg": { unsupported: "arithmetic-coded JPEG" },
  "lossless.jpg": { unsupported: "lossless JPEG" },
  "12-bit.jpg": { bitDepth: 12, unsupported: "12-bit JPEG" },
  "lossy.webp": {},
  "lossy-alpha.webp": {},
  "lossless.webp": { lossy: false },
  "lossless-alpha.webp": { lossy: false },
  "p3.webp": {},
  "orientation-6.webp": { orientation: 6 },
  "animated.webp": { frames: 2 },
  "animated-small-frame.webp": { frames: 2 },
  "bomb-16383x16383.webp": { width: 16383, height: 16383 },
  "8-bit.avif": {},
  "10-bit.avif": { bitDepth: 10 },
  "12-bit.avif": { bitDepth: 12 },
  "420.avif": {},
  "alpha.avif": {},
  "p3.avif": {},
  "irot-3.avif": { orientation: 6 },
  "imir-1.avif": { orientation: 2 },
  "irot-1-imir-0.avif": { orientation: 5 },
  "animated.avif": { frames: 2 },
  "clap.avif": { crop: { x: 13, y: 10, width: 20, height: 10 } },
  "grid.avif": { width: 128, height: 64 },
  "picture.gif": {},
  "alpha.gif": {},
  "interlaced.gif": {},
  "animated.gif": { frames: 2 },
  "small-frame.gif": {},
};
/** Files with alpha, and lossless WebP. */
const MAY_BE_SEEN_THROUGH = new Set([
  "alpha.avif",
  "animated-small-frame.webp",
  "animated.webp",
  "lossless-alpha.webp",
  "lossless.webp",
  "lossy-alpha.webp",
  "p3.webp",
]);
const REFUSED = ["size-16x0.png", "truncated.jpg"];

/** An empty comment extension. */
const GIF_COMMENT = Uint8Array.of(0x21, 0xfe, 0);

/** A GIF without its global palette. */
function withoutPalette(bytes: Uint8Array): Uint8Array {
  return concat([bytes.slice(0, 10), Uint8Array.of(0, 0, 0), bytes.slice(25)]);
}

function failure(bytes: Uint8Array): ServiceError | undefined {
  try {
    probe(bytes);
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  return undefined;
}

describe("probe", () => {
  it.each(Object.entries(EXPECTED))("reads the header of %s", (name, differences) => {
    const format = name.replace(/.*\./, "").replace("jpg", "jpeg");
    const told = {
      format,
      lossy: format !== "png",
      ...(format !== "png" && format !== "gif" && { opaque: !MAY_BE_SEEN_THROUGH.has(name) }),
    };
    expect(probe(fixture(name))).toEqual({ ...told, ...PLAIN, ...differences });
  });

  it("has an expectation for every fixture", () => {
    expect([...Object.keys(EXPECTED), ...REFUSED].sort()).toEqual(fixtureNames().sort());
  });

  it.each([
    ["an unknown format", latin1("GIF88a")],
    ["TIFF", fixture("picture.tiff")],
    ["SVG", fixture("picture.svg")],
    ["SVG", latin1('<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN">\n<svg>')],
    ["HTML", fixture("page.html")],
    ["BMP", latin1("BM\x46\0\0\0\0\0\0\0\x36\0\0\0")],
    ["HEIC", latin1("\0\0\0\x18ftypheic\0\0\0\0mif1heic")],
    ["a video", latin1("\0\0\0\x14ftypisom\0\0\0\0mp42")],
    ["JPEG XL", latin1("\xff\x0a\xfa\x7f")],
    ["JPEG 2000", latin1("\0\0\0\x0cjP  \r\n\x87\n")],
    ["ICO", latin1("\0\0\x01\0\x01\0")],
    ["PDF", latin1("%PDF-1.7\n")],
    ["an empty file", new Uint8Array()],
    ["an unknown format", latin1("hello")],
    ["an unknown format", latin1("hello <html>")],
    ["an unknown format", latin1("RIFF\x24\0\0\0WAVEfmt \x10\0\0\0")],
  ])("names %s when refusing it", (name, bytes) => {
    expect(failure(bytes)).toMatchObject({
      code: "unsupported_format",
      message: `Expected a PNG, JPEG, WebP, AVIF or GIF picture for source, got ${name}`,
    });
  });

  it.each<[name: string, bytes: Uint8Array, got: string]>([
    ["a PNG of no height", fixture("size-16x0.png"), "a PNG of 16x0 pixels"],
    ["a truncated JPEG", fixture("truncated.jpg"), "a JPEG that ends before its EOI marker"],
    ["a WebP wider than its canvas", canvasOf(16, 29), "a WebP whose picture is not the size of its canvas"],
    ["a WebP taller than its canvas", canvasOf(45, 16), "a WebP whose picture is not the size of its canvas"],
    ["a narrow WebP on a wide canvas", canvasOf(65_581, 29), "a WebP whose picture is not the size of its canvas"],
    ["a low WebP on a high canvas", canvasOf(45, 65_565), "a WebP whose picture is not the size of its canvas"],
    ["a WebP whose last chunk ends behind it", webpFile([VP8.with(4, 11)]), "a WebP that ends within a chunk"],
    ["a WebP of a canvas alone", webpFile([vp8x(0, SIDE_16)]), "a WebP without pixels"],
    ["a WebP of no frames", webpFile([vp8x(VP8X_ANIMATION, SIDE_16), VP8]), "a WebP without pixels"],
    ["a WebP of no chunks", webpFile([]), "a WebP without pixels"],
    ["a WebP of a frame that is no key", vp8With(0, 0x11), "a WebP with a damaged VP8 header"],
    ["a WebP of another start code", vp8With(3, 0), "a WebP with a damaged VP8 header"],
    ["a WebP of a start code that ends otherwise", vp8With(5, 0), "a WebP with a damaged VP8 header"],
    ["a WebP of no width", vp8With(6, 0), "a WebP of 0x16 pixels"],
    ["a WebP of no height", vp8With(8, 0), "a WebP of 16x0 pixels"],
    [
      "a lossless WebP without its signature",
      webpFile([riffChunk("VP8L", new Uint8Array(5))]),
      "a WebP with a damaged VP8L header",
    ],
    ["an AVIF that is larger than it says", smallIspe(), "an AVIF whose AV1 data is larger than its size"],
    ["an AVIF of no width", avifOfSize(ispe(0, 29)), "an AVIF of 0x29 pixels"],
    ["an AVIF of no height", avifOfSize(ispe(45, 0)), "an AVIF of 45x0 pixels"],
    ["an AVIF that says no size", avifOfSize(), "an AVIF without a size"],
    ["an AVIF whose data ends behind it", withIloc(21, 1), "an AVIF whose data lies past its end"],
    [
      "an AVIF with a box of more than 4 GB",
      concat([avifOfSize(ispe(45, 29)), be32(1), latin1("free"), be32(1), be32(16)]),
      "an AVIF that ends within a box",
    ],
    ["an AVIF of more items than it places", withIloc(7, 2), "an AVIF with a damaged iloc box"],
    ["an AVIF whose picture is nowhere", withIloc(7, 0), "an AVIF without pixels"],
    ...["meta", "iprp", "ipco", "ipma", "pitm", "iinf", "iloc"].map((type): [string, Uint8Array, string] => [
      `an AVIF without ${type}`,
      renamed(type, "free"),
      `an AVIF without its ${type} box`,
    ]),
    ["a PNG of two headers", png(IHDR, IHDR, IDAT), "a PNG whose first chunk is not its only IHDR"],
    ["a PNG that begins otherwise", png(IDAT, IHDR), "a PNG whose first chunk is not its only IHDR"],
    ["a PNG without its end", fixture("rgb-8.png").subarray(0, -12), "a PNG that ends before its IEND chunk"],
    ["a PNG cut in its pixels", fixture("rgb-8.png").subarray(0, -13), "a PNG that ends within a chunk"],
    ["a PNG of a header alone", png(IHDR), "a PNG without pixels"],
    ["a PNG of no width", png(ihdr(3, 0), IDAT), "a PNG of 0x16 pixels"],
    ["a PNG of a width below none", png(ihdr(0, 0x80), IDAT), "a PNG of 2147483664x16 pixels"],
    ["a PNG of a height below none", png(ihdr(4, 0x80), IDAT), "a PNG of 16x2147483664 pixels"],
    ["a PNG of a depth that is none", png(ihdr(8, 4), IDAT), "a PNG with an invalid IHDR chunk"],
    ["a PNG of a colour type that is none", png(ihdr(9, 1), IDAT), "a PNG with an invalid IHDR chunk"],
    ["a PNG of another compression", png(ihdr(10, 1), IDAT), "a PNG with an invalid IHDR chunk"],
    ["a PNG of other filters", png(ihdr(11, 1), IDAT), "a PNG with an invalid IHDR chunk"],
    ["a PNG of a long header", png(pngChunk("IHDR", new Uint8Array([...HEADER, 0])), IDAT), "an invalid IHDR chunk"],
    ["a GIF without its end", fixture("picture.gif").subarray(0, -1), "a GIF that ends before its trailer"],
    ["a GIF cut in its pixels", fixture("picture.gif").subarray(0, -2), "a GIF that ends within a block"],
    ["a GIF cut in its header", fixture("picture.gif").subarray(0, 10), "a header that ends early"],
    [
      "a GIF of too many parts",
      gifFile(gifImage(), ...Array.from({ length: 65_536 }, () => GIF_COMMENT)),
      "a GIF of more than 65536 frames and extensions",
    ],
    ["a GIF of nothing", gifFile(), "a GIF without a picture"],
    ["a GIF of no width", gifFile(gifImage({ width: 0 })), "a GIF with a picture of 0x2 pixels"],
    ["a GIF of no height", gifFile(gifImage(), gifImage({ height: 0 })), "a GIF with a picture of 2x0 pixels"],
    ["a GIF without colours", withoutPalette(gifFile(gifImage())), "a GIF without a palette"],
    ["a GIF of unknown blocks", gifFile(gifImage(), Uint8Array.of(0)), "a GIF with a block of an unknown kind"],
    ["a JPEG of two frames", jpeg(SOF, SOF, SOS), "a JPEG with two frame headers"],
    ["a JPEG that begins with a scan", jpeg(SOS, SOF), "a JPEG without a frame header before its first scan"],
    ["a JPEG of a header alone", jpeg(SOF), "a JPEG without pixels"],
    [
      "a JPEG of brightness alone that has colours",
      jpeg(IN_COLOUR, SOS),
      "a JPEG that ends before the scan of a component",
    ],
    ["a JPEG of nothing", jpeg(), "a JPEG without pixels"],
    ["a JPEG of no height", jpeg(SOF.with(6, 0), SOS), "a JPEG of 16x0 pixels"],
    ["a JPEG of no width", jpeg(SOF.with(8, 0), SOS), "a JPEG of 0x16 pixels"],
    [
      "a JPEG of no components",
      jpeg(SOF.slice(0, 10).with(3, 8).with(9, 0), SOS),
      "a JPEG with an invalid frame header",
    ],
    [
      "a JPEG of more components than it says",
      jpeg(concat([SOF, SOF.slice(-3)]).with(3, 14), SOS),
      "an invalid frame header",
    ],
    ["a JPEG of fewer components than it says", jpeg(SOF.with(9, 3), SOS), "a JPEG with an invalid frame header"],
  ])("refuses %s", (_, bytes, got) => {
    expect(failure(bytes)).toMatchObject({
      code: "undecodable_image",
      message: expect.stringMatching(new RegExp(`^Expected a complete, valid picture for source, got .*${got}$`)),
    });
  });

  it("reads each depth that a PNG's colour type may have, and no other", () => {
    const fits = (type: number, depth: number) => {
      const header = HEADER.with(8, depth).with(9, type);
      return failure(png(pngChunk("IHDR", header), IDAT)) === undefined;
    };
    const depths = Array.from({ length: 18 }, (_, depth) => depth);
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((type) => depths.filter((depth) => fits(type, depth)))).toEqual([
      [1, 2, 4, 8, 16],
      [],
      [8, 16],
      [1, 2, 4, 8],
      [8, 16],
      [],
      [8, 16],
      [],
    ]);
  });

  it("says of each frame of a JPEG why it cannot be decoded, if so", () => {
    const unsupported = (marker: number) => probe(jpeg(SOF.with(1, marker), SOS)).unsupported;
    expect([0xc0, 0xc1, 0xc2].map(unsupported)).toEqual([undefined, undefined, undefined]);
    expect([0xc3, 0xc9, 0xca, 0xcb].map(unsupported)).toEqual([
      "lossless JPEG",
      "arithmetic-coded JPEG",
      "arithmetic-coded JPEG",
      "lossless arithmetic-coded JPEG",
    ]);
    const others = [0xc5, 0xc6, 0xc7, 0xcd, 0xce, 0xcf];
    expect(new Set(others.map(unsupported))).toEqual(new Set(["hierarchical JPEG"]));
  });

  it("takes an AVIF of each matrix that libavif knows, and no other", () => {
    const matrices = Array.from({ length: 18 }, (_, matrix) => matrix);
    const known = (range: number) =>
      matrices.filter((matrix) => {
        const nclx = box("colr", latin1("nclx"), be16(1), be16(13), be16(matrix), Uint8Array.of(range));
        return avifOf(item(), nclx).unsupported === undefined;
      });
    expect(known(0)).toEqual([0, 1, 2, 4, 5, 6, 7, 9, 12]);
    expect(known(0x80)).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9, 12]);
  });

  it("refuses an AVIF that is nothing but a video", () => {
    expect(failure(renamed("meta", "moov"))).toMatchObject({
      code: "unsupported_format",
      message: expect.stringMatching(/AVIF video$/),
    });
  });

  it("knows an AVIF by the brand of a sequence alone", () => {
    const bytes = Buffer.from(fixture("animated.avif"));
    const end = bytes.readUInt32BE(0);
    bytes.write(bytes.toString("latin1", 0, end).replaceAll("avif", "free"), "latin1");
    expect(probe(bytes)).toMatchObject({ format: "avif", frames: 2 });
  });

  it("reads an AVIF whose fields are all of the widest kind", () => {
    const bytes = wideAvif();
    expect(probe(bytes)).toMatchObject({ format: "avif", width: 45, height: 29, orientation: 6, opaque: false });
    expect(probe(bytes).unsupported).toBeUndefined();
    expect(readAvif(bytes)).toMatchObject({ primary: 70_000, auxiliary: 70_001, premultiplied: true });
  });

  it("takes an AVIF's data of no length to the end of the file", () => {
    expect(probe(withIloc(21, 0, 0, 0, 0))).toMatchObject({ width: 45, height: 29 });
    expect(probe(withIloc(21, 0, 0, 0, 0)).unsupported).toBeUndefined();
  });

  it.each([{ cut: 4 }, { method: 1 }, { method: 1, cut: 4 }] as const)(
    "leaves an AVIF with data scattered by %o to others, and knows what they will find",
    (where) => {
      const scattered = (data: Uint8Array, ...more: Uint8Array[]) => {
        const items = [{ type: "av01", properties: [1], data, ...where }];
        return probe(concat([avifFile({ items, properties: [ispe(45, 29)] }), ...more]));
      };
      const unsupported = "AVIF with scattered data";
      const track = box("moov");
      expect(() => scattered(item(), track)).toThrow("got an image sequence beside AVIF with scattered data");
      expect(scattered(item())).toEqual({ ...probe(avifOfSize(ispe(45, 29))), unsupported });
      expect(() => scattered(square(16, 5))).toThrow(/more than 4 frames/);
      expect(() => scattered(square(64))).toThrow(/larger than its size/);
    },
  );

  it.each([
    ["with alpha", false, [vp8x(VP8X_ALPHA, SIDE_16), riffChunk("ALPH", new Uint8Array(1)), VP8]],
    ["with alpha that its header denies", false, [vp8x(0, SIDE_16), riffChunk("ALPH", new Uint8Array(1)), VP8]],
    ["whose first frame does not fill its canvas", false, [vp8x(VP8X_ANIMATION, { width: 45, height: 29 }), ANMF]],
    ["with nothing but pixels", true, [VP8]],
    ["with a profile", true, [vp8x(VP8X_ICC, SIDE_16), VP8]],
  ])("a lossy WebP %s is opaque: %s", (_, opaque, chunks) => {
    expect(probe(webpFile(chunks))).toMatchObject({ opaque, lossy: true });
  });

  it.each(Object.keys(EXPECTED).filter((name) => name !== "trailing-bytes.jpg"))(
    "refuses %s cut at any length",
    (name) => {
      const bytes = fixture(name);
      for (let length = 0; length < bytes.length; length++) {
        expect(failure(bytes.subarray(0, length)), `at ${length}`).toBeInstanceOf(ServiceError);
      }
    },
  );

  it.each(fixtureNames())("survives any one damaged byte in %s", (name) => {
    const bytes = fixture(name);
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const copy = bytes.slice();
        copy[at] = (copy[at] ?? 0) ^ flip;
        failure(copy);
      }
    }
  });

  it("survives random bytes behind every signature", () => {
    const signatures = ["", "\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "RIFF\x40\0\0\0WEBP", "\0\0\0\x10ftypavif\0\0\0\0"];
    const input = fc.tuple(fc.constantFrom(...signatures), fc.uint8Array({ maxLength: 300 }));
    fc.assert(
      fc.property(input, ([signature, rest]) => {
        failure(concat([latin1(signature), rest]));
      }),
      { numRuns: 5000 },
    );
  });

  it("refuses an AVIF whose picture is many, of which a decoder shows the last", () => {
    const data = item();
    // The frame follows a temporal delimiter of 2 bytes and a sequence header of 2 bytes plus the length in its second one.
    const frame = data.subarray(4 + (data[3] ?? 0));
    expect((frame[0] ?? 0) >> 3).toBe(6);
    const ofFrames = (count: number) => concat([data, ...Array.from({ length: count - 1 }, () => frame)]);
    expect(avifOf(ofFrames(4))).toMatchObject({ width: 45, height: 29 });
    expect(() => avifOf(ofFrames(5))).toThrow(
      expect.objectContaining({ code: "undecodable_image", message: expect.stringMatching(/more than 4 frames/) }),
    );
  });

  it("refuses AVIF items whose data overlap, in linear time", () => {
    const bytes = manyItems(252);
    const started = cpuMs();
    expect(failure(bytes)).toMatchObject({ code: "undecodable_image", message: expect.stringMatching(/overlap/) });
    expect(cpuMs() - started).toBeLessThan(2000);
  });

  it.each([
    [
      "a tile much larger than the picture it is in",
      () => gridOf({ tile: item(), tileSays: 1025 }),
      /4096 pixels with an item of 1025x1025/,
    ],
    ["tiles much larger than it", () => gridOf({ tile: square(1024), count: 3 }), /items are larger/],
    ["tiles of many frames", () => gridOf({ tile: square(1024, 3) }), /items are larger/],
    ["a tile again and again", () => gridOf({ tile: square(1024), tileSays: 1024, uses: 3 }), /items are larger/],
    ["a tile that is none of AV1", () => gridOf({ tile: item(), count: 2, others: "hvc1" }), /grid of other items/],
    ["alpha of alpha of alpha", () => alphaChain(9), /items are larger/],
    ["metadata that are the same bytes again and again", () => sharedMetadata(9), /items overlap/],
    ["items of which only the first part is the same", sharedBeginning, /larger than its size/],
    ["megabytes of scattered data", () => scattered(2 ** 22), /bytes of scattered data/],
    ["a grid larger than it", () => gridOf({ tile: item(), says: 65 }), /4096 pixels with a grid of 65x65/],
    ["a larger grid in idat", () => gridOf({ tile: item(), says: 65, method: 1 }), /with a grid of 65x65/],
    ["a larger grid in 32 bits", () => gridOf({ tile: item(), says: 65, isWide: true }), /with a grid of 65x65/],
    ["a grid that is elsewhere", () => gridOf({ tile: item(), method: 2 }), /scattered grid/],
    ["a grid of two parts", () => gridOf({ tile: item(), cut: 4 }), /scattered grid/],
    ["two items of one id", hiddenAlpha, /two items of one id/],
    ["a larger picture before the one it says it is", () => twoSizes(widened(item()), item()), /larger than its size/],
    ["a larger picture behind the one it says it is", () => twoSizes(item(), widened(item())), /larger than its size/],
    ["a taller picture than it says it is", () => twoSizes(square(40)), /larger than its size/],
    ["more boxes than any has", () => concat([fixture("8-bit.avif"), repeated(box("free"))]), /more than 4096 boxes/],
    ["more extents than any has, which take no bytes", emptyExtents, /more than 4096 items/],
    ["more references than any has", manyReferences, /more than 4096 references/],
    ["an item in no place", () => withIloc(15, 0), /without an AV1 sequence header/],
    ["an item in other items", () => withIloc(11, 2), /without an AV1 sequence header/],
    ["data past the end of its idat", () => pastIdat(), /past its end/],
    ["lists of properties for more items than any has", () => withIpma(4097), /more than 4096 items/],
  ])("refuses an AVIF with %s", (_, make, message) => {
    expect(failure(make())).toMatchObject({ code: "undecodable_image", message: expect.stringMatching(message) });
  });

  it.each<[name: string, side: number, bytes: Uint8Array]>([
    ["whose tiles stick out of it", 64, gridOf({ tile: square(1024), count: 2, tileSays: 1024 })],
    ["of many large tiles", 2048, gridOf({ tile: square(1024), count: 4, side: 2048, tileSays: 1024 })],
    ["whose grid is in idat", 64, gridOf({ tile: item(), method: 1 })],
    ["whose grid is said in 32 bits", 64, gridOf({ tile: item(), isWide: true })],
    ["of more than a megapixel", 2000, avifOfSize(ispe(2000, 2000))],
    [
      "of many layers",
      1024,
      avifFile({ items: [{ type: "av01", data: square(1024, 4), properties: [1] }], properties: [ispe(1024, 1024)] }),
    ],
  ])("accepts an AVIF %s", (_, side, bytes) => {
    const header = probe(bytes);
    expect(header).toMatchObject({ width: side, height: side });
    expect(header.unsupported).toBeUndefined();
  });

  it.each(["a1op", "lsel"])("leaves AVIF tiles with %s to others, which need no decoder for each", (type) => {
    const layer = box(type, be16(1));
    expect(probe(gridOf({ tile: item(), properties: [layer] })).unsupported).toBe("AVIF of layered tiles");
    expect(avifOf(item(), layer).unsupported).toBeUndefined();
  });

  it.each([
    ["hvc1", () => gridOf({ tile: item(), type: "hvc1" })],
    ["iovl", () => avifFile({ items: [{ type: "iovl", data: item(), properties: [1] }], properties: [ispe(45, 29)] })],
    ["no", () => gridOf({ tile: item(), count: 0 })],
  ])("refuses an AVIF made of %s items", (type, make) => {
    const message = `Expected AV1 pictures for source, got an AVIF made of ${type} items`;
    expect(failure(make())).toMatchObject({ code: "unsupported_format", message });
  });

  it("accepts AVIF items that share their data, in linear time", () => {
    const bytes = manyItems(0);
    const started = cpuMs();
    expect(probe(bytes)).toMatchObject({ width: 45, height: 29 });
    expect(cpuMs() - started).toBeLessThan(2000);
  });

  it.each([
    ["in a corner", [20, 1, 10, 1, -25, 2, -19, 2], { crop: { x: 0, y: 0, width: 20, height: 10 } }],
    ["to all of it", [45, 1, 29, 1, 0, 1, 0, 1], { crop: { x: 0, y: 0, width: 45, height: 29 } }],
    ["to one pixel", [1, 1, 1, 1, 0, 1, 0, 1], { crop: { x: 22, y: 14, width: 1, height: 1 } }],
    ["between pixels", [20, 1, 10, 1, 0, 1, 0, 1], { unsupported: "AVIF cropped between pixels" }],
  ] as const)("reads an AVIF that is cropped %s", (_, clap, expected) => {
    const bytes = addAvifProperty(fixture("8-bit.avif"), box("clap", ...clap.map(be32)));
    expect(probe(bytes)).toMatchObject(expected);
  });

  it.each([
    ["beyond its side", [20, 1, 10, 1, 27, 2, 1, 2]],
    ["above its top", [20, 1, 10, 1, 1, 2, -21, 2]],
    ["to more than there is", [45, 1, 30, 1, 0, 1, 0, 1]],
    ["to nothing", [0, 1, 10, 1, 1, 2, 1, 2]],
    ["to less than a pixel", [1, 3, 29, 1, 0, 1, 0, 1]],
    ["by a fraction of 0", [20, 0, 10, 1, 1, 2, 1, 2]],
  ])("refuses an AVIF that is cropped %s", (_, clap) => {
    const bytes = addAvifProperty(fixture("8-bit.avif"), box("clap", ...clap.map(be32)));
    expect(() => probe(bytes)).toThrow(expect.objectContaining({ code: "undecodable_image" }));
  });

  it("refuses a WebP of more chunks than any has", () => {
    const ofChunks = (count: number) => probe(webpFile([vp8x(0, SIDE_16), VP8, ...new Array(count - 2).fill(EMPTY)]));
    expect(ofChunks(65_536)).toMatchObject(SIDE_16);
    expect(() => ofChunks(65_537)).toThrow(/more than 65536 chunks/);
  });

  it("refuses an arithmetic-coded JPEG of more scans than any has", () => {
    const bytes = fixture("arithmetic.jpg");
    const from = Buffer.from(bytes).indexOf(Uint8Array.of(0xff, 0xda));
    const scan = bytes.subarray(from, -2);
    const ofScans = (count: number) =>
      probe(concat([bytes.subarray(0, from), ...new Array(count).fill(scan), bytes.subarray(-2)]));
    expect(ofScans(16)).toMatchObject({ unsupported: "arithmetic-coded JPEG", scans: 16 });
    expect(() => ofScans(17)).toThrow(/more than 16 scans/);
  });

  it("refuses a PNG of chunks that would take more memory than their file", () => {
    const bytes = fixture("rgb-8.png");
    const [header, rest] = [bytes.subarray(0, 33), bytes.subarray(33)];
    const withEmpty = (count: number) => concat([header, latin1("\0\0\0\0IDAT\x35\xaf\x06\x1e".repeat(count)), rest]);
    expect(probe(withEmpty(60_000))).toMatchObject(PLAIN);
    expect(failure(withEmpty(70_000))).toMatchObject({
      code: "undecodable_image",
      message: expect.stringMatching(/more than 65536 chunks/),
    });
  });

  it.each([
    ["more segments than any has", repeated(Uint8Array.of(0xff, 0xfe, 0, 2)), "a JPEG of more than 4096 segments"],
    ["a second start", Uint8Array.of(0xff, 0xd8), "a JPEG with a second start"],
  ])("refuses a JPEG with %s", (_, inserted, got) => {
    const jpeg = fixture("420.jpg");
    const bytes = concat([jpeg.subarray(0, 2), inserted, jpeg.subarray(2)]);
    expect(failure(bytes)).toMatchObject({ code: "undecodable_image", message: expect.stringContaining(got) });
  });

  it("looks past what may stand between the segments of a JPEG: fill bytes, TEM, and restarts within a scan", () => {
    const marker = (code: number) => Uint8Array.of(0xff, code);
    const scan = concat([SOS, ...[0, 0xd0, 0, 0xd7].map(marker)]);
    expect(probe(jpeg(Uint8Array.of(0xff), SOF, marker(1), scan))).toMatchObject({ ...SIDE_16, scans: 1 });
  });

  it("refuses a PNG of an unknown interlace method", () => {
    const bytes = fixture("interlaced.png");
    bytes[28] = 2;
    expect(failure(bytes)).toMatchObject({ message: expect.stringContaining("invalid IHDR") });
  });

  it("counts no frames behind the pixels of a PNG, as decoders do not, and always the one that is shown", () => {
    const png = fixture("rgb-8.png");
    const frames = (count: number, at: number) => {
      const acTL = pngChunk("acTL", concat([be32(count), be32(0)]));
      return probe(concat([png.subarray(0, at), acTL, png.subarray(at)])).frames;
    };
    expect([frames(3, 33), frames(3, -12), frames(0, 33)]).toEqual([3, 1, 1]);
  });

  it("takes no orientation from behind the pixels of a PNG, as browsers do not", () => {
    const [png, eXIf] = [fixture("rgb-8.png"), pngChunk("eXIf", EXIF_3)];
    expect(probe(concat([png.subarray(0, -12), eXIf, png.subarray(-12)])).orientation).toBe(1);
  });

  it("takes no orientation of another type than TIFF gives it", () => {
    const png = fixture("rgb-8.png");
    const asLong = EXIF_3.with(13, 4);
    const turned = (exif: Uint8Array) =>
      probe(concat([png.subarray(0, 33), pngChunk("eXIf", exif), png.subarray(33)])).orientation;
    expect([turned(EXIF_3), turned(asLong)]).toEqual([3, 1]);
  });

  it.each([
    [3, "whole", EXIF_3],
    [3, "whole, the lowest byte first", EXIF_3_LE],
    [3, "whole, with its name", concat([latin1("Exif\0\0"), EXIF_3])],
    [3, "behind another entry", concat([EXIF_3.slice(0, 8), be16(2), new Uint8Array(12), EXIF_3.slice(10)])],
    [3, "of more entries than there are", EXIF_3.with(9, 9)],
    [1, "of one entry less than there are", EXIF_3.with(9, 0)],
    [1, "of no TIFF", EXIF_3.with(3, 0)],
    [1, "that ends within its header", EXIF_3.slice(0, 7)],
    [1, "that ends at its header", EXIF_3.slice(0, 8)],
    [1, "that ends within its number of entries", EXIF_3.slice(0, 9)],
    [1, "that ends within its entry", EXIF_3.slice(0, 21)],
    [1, "whose entries are beyond its end", EXIF_3.with(4, 1)],
    [1, "of another tag", EXIF_3.with(11, 0x13)],
    [1, "of no such orientation", EXIF_3.with(19, 0)],
    [8, "of the last orientation", EXIF_3.with(19, 8)],
    [1, "of an orientation beyond the last", EXIF_3.with(19, 9)],
  ])("takes orientation %i from a block %s", (orientation, _, block) => {
    expect(exifOrientation(block)).toBe(orientation);
  });

  it("takes a JPEG's orientation from nothing but EXIF", () => {
    const segment = (marker: number, data: Uint8Array) =>
      concat([Uint8Array.of(0xff, marker), be16(2 + data.length), data]);
    const named = concat([latin1("Exif\0\0"), EXIF_3]);
    const orientation = (app: Uint8Array) => probe(jpeg(app, SOF, SOS)).orientation;
    expect([segment(0xe1, named), segment(0xe1, EXIF_3), segment(0xe2, named)].map(orientation)).toEqual([3, 1, 1]);
  });

  it.each([
    ["PNG chunks of nothing", "rgba-8.png", 33, latin1("\0\0\0\0aaaa\0\0\0\0")],
    ["JPEG segments of nothing", "420.jpg", 20, Uint8Array.of(0xff, 0xe0, 0, 2)],
    ["JPEG fill bytes", "420.jpg", 20, Uint8Array.of(0xff)],
    ["WebP frames of nothing", "animated.webp", 30, latin1("ANMF\0\0\0\0")],
    ["AVIF boxes of nothing", "8-bit.avif", 576, latin1("\0\0\0\x08aaaa")],
  ])("takes time linear in %s", (_, name, start, unit) => {
    const bytes = new Uint8Array(2_000_000);
    bytes.set(fixture(name));
    for (let at = start; at + unit.length <= bytes.length; at += unit.length) bytes.set(unit, at);
    if (name.endsWith("webp")) new DataView(bytes.buffer).setUint32(4, bytes.length - 8, true);
    const started = cpuMs();
    failure(bytes);
    // This is a tenth of the largest source; quadratic time would mean minutes.
    expect(cpuMs() - started).toBeLessThan(2000);
  });
});

describe("what a picture says twice or wrongly", () => {
  it.each([
    [10, true, "AVIF with matrix 10"],
    [8, false, "AVIF with matrix 8"],
    [8, true, undefined],
    [6, false, undefined],
  ])("AVIF matrix %i, full range %s, said by a box: %s", (matrix, isFullRange, unsupported) => {
    const nclx = [latin1("nclx"), be16(1), be16(13), be16(matrix), Uint8Array.of(isFullRange ? 0x80 : 0)];
    expect(avifOf(item(), box("colr", ...nclx)).unsupported).toBe(unsupported);
  });

  it("AVIF as red, green and blue, but with colours at half the size: unsupported", () => {
    const identity = box("colr", latin1("nclx"), be16(1), be16(13), be16(0), Uint8Array.of(0x80));
    expect(avifOf(item(), identity)).toMatchObject({ lossy: false });
    expect(avifOf(item(), identity).unsupported).toBeUndefined();
    expect(avifOf(fixture("420.avif").subarray(250), identity).unsupported).toBe("AVIF with matrix 0");
  });

  it.each([
    [6, true, undefined],
    [0, false, undefined],
    [10, true, "AVIF with matrix 10"],
  ])("AVIF matrix %i, said by AV1's own header: lossy %s, unsupported %s", (matrix, lossy, unsupported) => {
    const data = item().slice();
    // Bits 53 to 60 of the sequence header, which begins at byte 4.
    data[10] = ((data[10] ?? 0) & 0xf8) | (matrix >> 5);
    data[11] = ((data[11] ?? 0) & 0x07) | ((matrix & 31) << 3);
    for (const { lossy: isLossy, unsupported: why } of [avifOf(data), probe(gridOf({ tile: data }))]) {
      expect([isLossy, why]).toEqual([lossy, unsupported]);
    }
  });

  it("takes the first size of an AVIF, and its first header", () => {
    const [first, second] = [avifOfSize(ispe(45, 29)), avifOfSize(ispe(50, 40))];
    const twice = concat([first, second.subarray(Buffer.from(second).indexOf("meta") - 4)]);
    for (const header of [avifOf(item(), ispe(50, 40)), probe(twice)])
      expect(header).toMatchObject({ width: 45, height: 29 });
  });

  it("takes the first EXIF block of a JPEG and of a WebP", () => {
    const app1 = concat([Uint8Array.of(0xff, 0xe1), be16(2 + 6 + EXIF_3.length), latin1("Exif\0\0"), EXIF_3]);
    const jpeg = fixture("orientation-6.jpg");
    expect(probe(jpeg).orientation).toBe(6);
    expect(probe(concat([jpeg.subarray(0, 2), app1, jpeg.subarray(2)])).orientation).toBe(3);
    const [first, second] = [EXIF_3, EXIF_3.map((byte) => (byte === 3 ? 8 : byte))];
    const webp = fixture("p3.webp");
    const body = concat([webp.subarray(12), riffChunk("EXIF", first), riffChunk("EXIF", second)]);
    expect(probe(riffChunk("RIFF", concat([latin1("WEBP"), body]))).orientation).toBe(3);
  });

  it("takes the first canvas and the first picture of a WebP, and without a canvas nothing behind its picture", () => {
    const [canvas, large] = [vp8x(0, SIDE_16), vp8x(0, { width: 45, height: 29 })];
    const exif = riffChunk("EXIF", EXIF_3);
    const wide = riffChunk("VP8 ", VP8_HEADER.with(6, 45));
    for (const chunks of [
      [canvas, large, VP8],
      [canvas, VP8, wide],
      [canvas, VP8, ANMF, ANMF],
      [VP8, exif, large],
      // The same bytes also hold a scale for displaying the picture.
      [riffChunk("VP8 ", VP8_HEADER.with(7, 0x40).with(9, 0x80))],
    ]) {
      expect(probe(webpFile(chunks))).toMatchObject({ ...SIDE_16, orientation: 1, frames: 1 });
    }
  });

  it("reads the longest sides of a lossless WebP", () => {
    const header = Uint8Array.of(0x2f, 0xfe, 0xbf, 0xff, 0x0f);
    expect(probe(webpFile([riffChunk("VP8L", header)]))).toMatchObject({ width: 16_383, height: 16_383 });
  });

  it("ignores what follows a WebP", () => {
    expect(probe(concat([fixture("p3.webp"), latin1("and more")]))).toMatchObject({ width: 45, height: 29 });
  });

  it("says of a WebP's frames whether they are lossy, by their first chunk", () => {
    const lossy = (first: string) => {
      const frame = riffChunk("ANMF", concat([new Uint8Array(16), latin1(first)]));
      return probe(webpFile([vp8x(VP8X_ANIMATION, SIDE_16), frame])).lossy;
    };
    expect(["VP8 ", "ALPH", "VP8L"].map(lossy)).toEqual([true, true, false]);
  });

  it("refuses a JPEG of two components: no decoder would know what they are", () => {
    const frame = concat([Uint8Array.of(0xff, 0xc0), be16(14), Uint8Array.of(8, 0, 9, 0, 9, 2, 1, 17, 0, 2, 17, 1)]);
    const bytes = concat([Uint8Array.of(0xff, 0xd8), frame, Uint8Array.of(0xff, 0xda, 0, 2, 0xff, 0xd9)]);
    expect(failure(bytes)).toMatchObject({ code: "unsupported_format", message: expect.stringMatching(/got 2$/) });
  });
});

/** Probes an AVIF of 45x29 with this data. */
function avifOf(data: Uint8Array, ...properties: Uint8Array[]): Probe {
  const indices = [1, ...properties.map((_, i) => i + 2)];
  return probe(
    avifFile({ items: [{ type: "av01", data, properties: indices }], properties: [ispe(45, 29), ...properties] }),
  );
}

/** An AVIF of 700 items of 200 kB of empty OBUs, all from the same offset and each `step` bytes shorter than the last. */
function manyItems(step: number): Uint8Array {
  // The only item of 8-bit.avif, then padding in OBUs of 252 bytes.
  const part = concat([latin1("\x7a\xf9\x01"), new Uint8Array(249)]);
  const data = concat([fixture("8-bit.avif").subarray(250), ...new Array(800).fill(part)]);
  const items = Array.from({ length: 700 }, (_, i) => ({ id: be16(i + 1), length: data.length - step * i }));
  const count = be16(items.length);
  const entries = items.map((_, i) => infe(i + 1, "av01"));
  const meta = (at: number): Uint8Array => {
    const locations = items.map(({ id, length }) => concat([id, be16(0), be16(1), be32(at), be32(length)]));
    return box(
      "meta",
      be32(0),
      box("pitm", be32(0), be16(1)),
      box("iinf", be32(0), count, ...entries),
      box("iloc", be32(0), be16(0x4400), count, ...locations),
      box("iprp", box("ipco", ispe(45, 29)), box("ipma", be32(0), be32(1), be16(1), Uint8Array.of(1, 1))),
    );
  };
  const ftyp = box("ftyp", latin1("avif\0\0\0\0"));
  return concat([ftyp, meta(ftyp.length + meta(0).length + 8), box("mdat", data)]);
}

/** The data of 8-bit.avif's item. */
const item = () => fixture("8-bit.avif").subarray(250);

/** An AVIF of 45x29 with the data of two pictures. */
function twoSizes(...data: Uint8Array[]): Uint8Array {
  return avifFile({ items: [{ type: "av01", data: concat(data), properties: [1] }], properties: [ispe(45, 29)] });
}

/** Makes AV1 data 64 px wide: max_frame_width_minus_1 is bits 18 to 23 of the sequence header, which begins at byte 4. */
function widened(data: Uint8Array): Uint8Array {
  return data.with(6, (data[6] ?? 0) | 0x3f);
}

/** An AVIF whose iloc gives its first item 65535 extents, with offsets and lengths of no bytes. */
function emptyExtents(): Uint8Array {
  const bytes = twoSizes(item());
  const fields = Buffer.from(bytes).indexOf("iloc") + 8;
  bytes.set([0, 0], fields);
  bytes.set([0xff, 0xff], fields + 10);
  return bytes;
}

/** The part 4100 times, which is more than there may be of anything. */
function repeated(part: Uint8Array): Uint8Array {
  return concat(new Array(4100).fill(part));
}

/** AV1 data of square frames of up to 1024 px, without any pixels. @see AV1 specification section 5.5.1 */
function square(side: number, frames = 1): Uint8Array {
  const length = (side - 1).toString(2).padStart(10, "0");
  const header = `0011100000${"1001".repeat(2)}${length.repeat(2)}`.padEnd(64, "0");
  return Uint8Array.of(
    0x0a,
    8,
    ...(header.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)),
    ...new Array(frames).fill([0x32, 0]).flat(),
  );
}

/** An OBU that decoders skip. */
function padding(size: number): Uint8Array {
  const length = [size & 0x7f, (size >> 7) & 0x7f, (size >> 14) & 0x7f, size >> 21];
  return concat([Uint8Array.of(0x7a, ...length.map((byte, i) => (i < 3 ? byte | 0x80 : byte))), new Uint8Array(size)]);
}

/** An AVIF whose picture lies in two extents. */
function scattered(bytes: number): Uint8Array {
  const data = concat([item(), padding(bytes)]);
  return avifFile({ items: [{ type: "av01", data, properties: [1], cut: 4 }], properties: [ispe(45, 29)] });
}

/** An AVIF with pictures of 16x16 and 64x64, each in two extents, of which they share the first. */
function sharedBeginning(): Uint8Array {
  const items = [16, 64].map((side) => ({ type: "av01", data: square(side), properties: [1], cut: 4 }));
  const bytes = avifFile({ items, properties: [ispe(16, 16)] });
  const { start = 0 } = readAvif(bytes).locations[0]?.extents[0] ?? {};
  bytes.set(be32(start), Buffer.from(bytes).indexOf("iloc") + 12 + 24 + 8);
  return bytes;
}

interface Grid {
  readonly tile: Uint8Array;
  /** How often the grid uses each tile. */
  readonly uses?: number;
  /** Type of all tiles but the first. */
  readonly others?: string;
  readonly count?: number;
  readonly side?: number;
  /** The sides that the grid and its tiles declare. */
  readonly says?: number;
  readonly tileSays?: number;
  readonly type?: string;
  readonly properties?: readonly Uint8Array[];
  /** Whether the grid declares its size in 32 bits. */
  readonly isWide?: boolean;
  /** Where the data of the grid is; see avif-file.ts. */
  readonly method?: 0 | 1 | 2;
  readonly cut?: number;
}

/** An AVIF of a square picture that is made of tiles. */
function gridOf({
  tile,
  count = 1,
  side = 64,
  says = side,
  tileSays = 64,
  properties = [],
  ...more
}: Grid): Uint8Array {
  const { type = "av01", others = type, isWide = false, uses = 1, ...place } = more;
  const tiles = Array.from({ length: count }, (_, i) => ({
    ...{ type: i === 0 ? type : others, data: tile, properties: [2] },
  }));
  const saying = isWide ? be32(says) : be16(says);
  const grid = concat([Uint8Array.of(0, isWide ? 1 : 0, 0, count - 1), saying, saying]);
  return avifFile({
    items: [{ type: "grid", data: grid, properties: [1], ...place }, ...tiles],
    properties: [ispe(side, side), ispe(tileSays, tileSays), ...properties],
    references: [reference("dimg", 1, ...new Array(uses).fill(tiles.map((_, i) => i + 2)).flat())],
  });
}

/** An AVIF with pictures of 1024x1024, each the alpha of the one before. */
function alphaChain(length: number): Uint8Array {
  const items = new Array(length).fill({ type: "av01", data: square(1024), properties: [1] });
  const references = Array.from({ length: length - 1 }, (_, i) => reference("auxl", i + 2, i + 1));
  return avifFile({ items, properties: [ispe(1024, 1024)], references });
}

/** An AVIF with a picture and items of other types that share its data. */
function sharedMetadata(count: number): Uint8Array {
  const data = concat([item(), padding(10_000)]);
  const items = Array.from({ length: count }, (_, i) => ({ type: i === 0 ? "av01" : "mime", data, properties: [1] }));
  const bytes = avifFile({ items, properties: [ispe(45, 29)] });
  // All items point to the bytes of the first, and those of the others are cut off.
  const [at, locations] = [Buffer.from(bytes).indexOf("iloc") + 12, readAvif(bytes).locations];
  const { start = 0 } = locations[0]?.extents[0] ?? {};
  for (let i = 0; i < count; i++) bytes.set(be32(start), at + 16 * i + 8);
  const mdat = Buffer.from(bytes).indexOf("mdat");
  bytes.set(be32(8 + data.length), mdat - 4);
  return bytes.subarray(0, mdat + 4 + data.length);
}

/** An AVIF with an alpha plane to which an uncounted entry of iinf gives another type. */
function hiddenAlpha(): Uint8Array {
  return avifFile({
    items: [
      { type: "av01", data: item(), properties: [1] },
      { type: "av01", data: item(), properties: [1] },
    ],
    properties: [ispe(45, 29)],
    references: [reference("auxl", 2, 1)],
    uncounted: [infe(2, "Exif")],
  });
}

/** A VP8X canvas around a picture of 45x29. */
function canvasOf(width: number, height: number): Uint8Array {
  const bytes = fixture("p3.webp");
  bytes.set([width - 1, 0, width >> 16, height - 1, 0, height >> 16], 24);
  return bytes;
}

/** An AVIF of 45x29 with these properties. */
function avifOfSize(...properties: Uint8Array[]): Uint8Array {
  return avifFile({ items: [{ type: "av01", data: item(), properties: [1] }], properties });
}

/** An AVIF whose item refers to itself thousands of times, in two boxes. */
function manyReferences(): Uint8Array {
  const references = [2000, 2097].map((count) => reference("dimg", 1, ...Array.from({ length: count }, () => 1)));
  return avifFile({ items: [{ type: "av01", data: item(), properties: [1] }], properties: [ispe(45, 29)], references });
}

/** An AVIF whose item claims more bytes than idat has. */
function pastIdat(): Uint8Array {
  const data = { type: "av01", data: item(), properties: [1], method: 1 } as const;
  const bytes = avifFile({ items: [data], properties: [ispe(45, 29)] });
  bytes.set([1], Buffer.from(bytes).indexOf("iloc") + 4 + 21);
  return bytes;
}

/** An AVIF whose ipma declares this number of entries. */
function withIpma(entries: number): Uint8Array {
  const bytes = avifOfSize(ispe(45, 29));
  bytes.set(be32(entries), Buffer.from(bytes).indexOf("ipma") + 8);
  return bytes;
}

/** An AVIF with these bytes at `at` in the body of iloc: items at 7, then method at 11, extents at 15, length at 21. */
function withIloc(at: number, ...values: number[]): Uint8Array {
  const bytes = avifOfSize(ispe(45, 29));
  bytes.set(values, Buffer.from(bytes).indexOf("iloc") + 4 + at);
  return bytes;
}

function renamed(type: string, name: string): Uint8Array {
  const bytes = avifOfSize(ispe(45, 29));
  bytes.set(latin1(name), Buffer.from(bytes).indexOf(type));
  return bytes;
}

/** A turned AVIF of 45x29 with premultiplied alpha: the last version of each box, with sizes of 64 bits, or none at the end. */
function wideAvif(): Uint8Array {
  const wide = (type: string, ...parts: Uint8Array[]): Uint8Array => {
    const body = concat(parts);
    return concat([be32(1), latin1(type), be32(0), be32(16 + body.length), body]);
  };
  const [first, second] = [be32(70_000), be32(70_001)];
  const ids = [first, second];
  const meta = (at: number): Uint8Array => {
    const extent = [be32(99), be32(0), be32(5), be32(0), be32(item().length)];
    return wide(
      "meta",
      be32(0),
      wide("pitm", be32(1 << 24), first),
      wide(
        "iinf",
        be32(1 << 24),
        be32(2),
        ...ids.map((id) => wide("infe", be32(3 << 24), id, be16(0), latin1("av01\0"))),
      ),
      wide("iref", be32(1 << 24), wide("auxl", second, be16(1), first), wide("prem", first, be16(1), second)),
      wide(
        "iloc",
        be32(2 << 24),
        be16(0x8884),
        be32(2),
        ...ids.flatMap((id) => [id, be16(0), be16(0), be32(0), be32(at - 5), be16(1), ...extent]),
      ),
      wide(
        "iprp",
        wide("ipco", ispe(16, 16), ispe(45, 29), box("irot", Uint8Array.of(3))),
        wide(
          "ipma",
          be32((1 << 24) | 1),
          be32(2),
          second,
          Uint8Array.of(0),
          first,
          Uint8Array.of(2),
          be16(0x8002),
          be16(3),
        ),
      ),
    );
  };
  const ftyp = box("ftyp", latin1("mif1\0\0\0\0miafavif"));
  return concat([ftyp, meta(ftyp.length + meta(0).length + 8), be32(0), latin1("mdat"), item()]);
}

/** An AVIF with an ispe of 16x16 for AV1 data of 45x29. */
function smallIspe(): Uint8Array {
  const bytes = fixture("8-bit.avif");
  const ispe = Buffer.from(bytes).indexOf("ispe");
  bytes.set([0, 0, 0, 16, 0, 0, 0, 16], ispe + 8);
  return bytes;
}
