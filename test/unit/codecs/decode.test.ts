import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { addAvifProperty } from "../../../src/codecs/avif-container.ts";
import { createCodecs } from "../../../src/codecs/jsquash.ts";
import { createNodeCodecs } from "../../../src/codecs/node.ts";
import { CODEC_MODULES } from "../../../src/codecs/node-modules.ts";
import { pngChunk, pngFile } from "../../../src/codecs/png-container.ts";
import { createSharpCodecs } from "../../../src/codecs/sharp.ts";
import { riffChunk, vp8x, webpFile } from "../../../src/codecs/webp-container.ts";
import { be32, concat, latin1 } from "../../../src/core/bytes.ts";
import { cut } from "../../../src/core/canvas.ts";
import { FORMATS } from "../../../src/core/image.ts";
import { orient } from "../../../src/core/orient.ts";
import { readAvif } from "../../../src/core/probe/avif.ts";
import { pngChunks } from "../../../src/core/probe/png.ts";
import { probe } from "../../../src/core/probe/probe.ts";
import { webpChunks } from "../../../src/core/probe/webp.ts";
import { cpuMs } from "../../cpu-ms.ts";
import { fixture, fixtureNames } from "../../fixtures/read.ts";
import { avifFile, box, ispe, reference } from "../avif-file.ts";
import { pixels } from "../pixels.ts";
import { difference } from "./difference.ts";

const EDGE_REFUSES = ["cmyk.jpg", "arithmetic.jpg"];
const BOTH_REFUSE = ["12-bit.jpg", "lossless.jpg"];
const DAMAGED = ["size-16x0.png", "truncated.jpg", "truncated-with-eoi.jpg"];
const skipped = [...EDGE_REFUSES, ...BOTH_REFUSE, ...DAMAGED];
const DECODABLE = fixtureNames().filter((name) => !skipped.includes(name) && !name.startsWith("bomb"));

/** libheif and libavif enlarge chroma by different filters (4:2:0), and round more than 8 bits differently. */
const MEAN_BOUND: Readonly<Record<string, number>> = {
  "420.avif": 2.5,
  "animated.avif": 2.5,
  "10-bit.avif": 0.2,
  "12-bit.avif": 0.2,
};

const jsquash = createCodecs(CODEC_MODULES);
const IMPLEMENTATIONS = { jsquash, sharp: createSharpCodecs() };

/** A clap box of 20x10; the fraction is the offset of its centre from that of the picture, in pixels, both ways. */
function clap(numerator: number, denominator: number): Uint8Array {
  return box("clap", ...[20, 1, 10, 1, numerator, denominator, numerator, denominator].map(be32));
}

/** Independent pixels: sharp with its own rules for orientation and without colour conversion. */
const oracle = (bytes: Uint8Array) => pixels(sharp(bytes, { ignoreIcc: true }).autoOrient().toColourspace("srgb"));

describe.each(Object.entries(IMPLEMENTATIONS))("decode with %s", (_, codecs) => {
  it.each(DECODABLE)("decodes %s as sharp does, upright", async (name) => {
    const bytes = fixture(name);
    // libvips does not know the brand of a sequence, but can read the still picture in it.
    const known = name === "animated.avif" ? rebranded(bytes) : bytes;
    const { image } = await codecs.decode(bytes, probe(bytes));
    const { max, mean } = difference(image, await oracle(known));
    const bound = MEAN_BOUND[name];
    if (bound === undefined) expect(max).toBe(0);
    else expect(mean).toBeLessThan(bound);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("applies EXIF orientation %i once", async (orientation) => {
    for (const format of ["png", "jpeg", "webp"] as const) {
      const bytes = await sharp(fixture("rgb-8.png")).withMetadata({ orientation }).toFormat(format).toBuffer();
      const header = probe(bytes);
      expect(header).toMatchObject({ format, orientation });
      const { image } = await codecs.decode(bytes, header);
      expect(difference(image, await oracle(bytes)).max, format).toBe(0);
    }
  });

  it.each([0, 1, 2, 3])("applies irot %i with every imir once", async (turns) => {
    const irot = concat([latin1("\0\0\0\x09irot"), Uint8Array.of(turns)]);
    for (const mirror of [undefined, 0, 1]) {
      const turned = addAvifProperty(fixture("8-bit.avif"), irot);
      const imir = mirror !== undefined && concat([latin1("\0\0\0\x09imir"), Uint8Array.of(mirror)]);
      const bytes = imir ? addAvifProperty(turned, imir) : turned;
      const { image } = await codecs.decode(bytes, probe(bytes));
      expect(difference(image, await oracle(bytes)).max, `imir ${mirror}`).toBe(0);
    }
  });

  it("undoes the multiplication of an AVIF's colours by its alpha", async () => {
    const [colour, alpha] = [await avifItem("#643214"), await avifItem("#808080")];
    const pixi = box("pixi", be32(0), Uint8Array.of(3, 8, 8, 8));
    const auxC = box("auxC", be32(0), latin1("urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"));
    const pictureOf = async (...references: Uint8Array[]) => {
      const bytes = avifFile({
        items: [
          { type: "av01", data: colour.data, properties: [1, 2, 0x83] },
          { type: "av01", data: alpha.data, properties: [1, 2, 0x84, 5] },
        ],
        properties: [ispe(16, 16), pixi, colour.av1C, alpha.av1C, auxC],
        references: [reference("auxl", 2, 1), ...references],
      });
      return [...(await codecs.decode(bytes, probe(bytes))).image.data.subarray(0, 4)];
    };
    expect(await pictureOf()).toEqual([100, 50, 20, 128]);
    expect(await pictureOf(reference("prem", 1, 2))).toEqual([199, 100, 40, 128]);
  });

  it.each(["avis", "avif", "msf1", "mif1", "miaf"])(
    "decodes the still picture of a sequence named %s",
    async (brand) => {
      const bytes = await otherTrack();
      bytes.set(latin1(brand), 8);
      const { image } = await codecs.decode(bytes, probe(bytes));
      expect([image.width, image.height]).toEqual([45, 29]);
    },
  );

  it.each(BOTH_REFUSE)("refuses %s as unsupported", async (name) => {
    const bytes = fixture(name);
    await expect(codecs.decode(bytes, probe(bytes))).rejects.toMatchObject({ code: "unsupported_format" });
  });

  it("refuses a JPEG that breaks off before its EOI marker", async () => {
    const bytes = fixture("truncated-with-eoi.jpg");
    await expect(codecs.decode(bytes, probe(bytes))).rejects.toMatchObject({ code: "undecodable_image" });
  });

  it("does not unpack what a PNG says beside its pixels", async () => {
    const text = pngChunk("zTXt", concat([latin1("a\0\0"), deflateSync(new Uint8Array(7_900_000))]));
    const bytes = fixture("rgb-8.png");
    const bomb = concat([bytes.subarray(0, 33), ...new Array(100).fill(text), bytes.subarray(33)]);
    const plain = await codecs.decode(bytes, probe(bytes));
    const started = cpuMs();
    expect(await codecs.decode(bomb, probe(bomb))).toEqual(plain);
    expect(cpuMs() - started).toBeLessThan(1000);
  });

  it.each(["PLTE", "tRNS", "IDAT"])("refuses a PNG whose %s chunk is damaged", async (type) => {
    const bytes = fixture("palette-trns.png");
    const [chunk] = [...pngChunks(bytes)].filter((chunk) => chunk.type === type);
    if (!chunk) throw new Error("The fixture has lost a chunk");
    const middle = chunk.data.length >> 1;
    chunk.data[middle] = (chunk.data[middle] ?? 0) ^ 1;
    await expect(codecs.decode(bytes, probe(bytes))).rejects.toMatchObject({ code: "undecodable_image" });
  });

  it.each(["grey-alpha-8.png", "rgba-16.png"])("looks past a tRNS chunk in %s, which has alpha", async (name) => {
    const plain = fixture(name);
    const bytes = concat([plain.subarray(0, 33), pngChunk("tRNS", new Uint8Array(6)), plain.subarray(33)]);
    const { image } = await codecs.decode(bytes, probe(bytes));
    expect(image).toEqual((await codecs.decode(plain, probe(plain))).image);
  });

  it("accepts a PNG with damage that no pixel depends on", async () => {
    const plain = fixture("rgb-8.png");
    const comment = pngChunk("tEXt", latin1("Comment\0hello"));
    comment[12] = 0;
    const bytes = concat([plain.subarray(0, 33), comment, plain.subarray(33)]);
    const { image } = await codecs.decode(bytes, probe(bytes));
    expect(image).toEqual((await codecs.decode(plain, probe(plain))).image);
  });

  it.each(["lossy-alpha.webp", "lossless-alpha.webp"])(
    "keeps the alpha of %s where its header denies it",
    async (name) => {
      const plain = fixture(name);
      const [canvas, pixels] = [vp8x(0, probe(plain)), [...webpChunks(plain)].filter(({ type }) => type !== "VP8X")];
      const bytes = webpFile([canvas, ...pixels.map(({ whole }) => whole)]);
      const { image } = await codecs.decode(bytes, probe(bytes));
      expect(image).toEqual((await codecs.decode(plain, probe(plain))).image);
    },
  );

  it("accepts stray bytes between markers, which cameras write, and thereafter any picture", async () => {
    const whole = fixture("420.jpg");
    const bytes = concat([whole.subarray(0, -2), new Uint8Array(5), whole.subarray(-2)]);
    const { image } = await codecs.decode(bytes, probe(bytes));
    expect(image).toEqual((await codecs.decode(whole, probe(whole))).image);
    // In this picture, such bytes would count as damage.
    const next = fixture("progressive.jpg");
    await codecs.decode(next, probe(next));
  });

  it.each([{ width: 44 }, { width: 46 }, { height: 28 }, { height: 30 }])(
    "refuses a picture that is not the size it was probed to be: %o",
    async (size) => {
      const bytes = fixture("rgba-8.png");
      const lie = { ...probe(bytes), ...size };
      await expect(codecs.decode(bytes, lie)).rejects.toMatchObject({ code: "undecodable_image" });
    },
  );

  it.each(FORMATS)("decodes %s of a single pixel, the least of its file", async (format) => {
    const pixel = sharp({ create: { width: 1, height: 1, channels: 3, background: "#808080" } });
    const bytes = new Uint8Array(await pixel.toFormat(format).toBuffer());
    const { image } = await codecs.decode(bytes, probe(bytes));
    expect([image.width, image.height]).toEqual([1, 1]);
  });

  it("reads an AVIF with EXIF data, which are an item without properties", async () => {
    const bytes = await sharp(fixture("rgb-8.png"))
      .withExif({ IFD0: { Copyright: "a" } })
      .avif()
      .toBuffer();
    const { image } = await codecs.decode(bytes, probe(bytes));
    expect(difference(image, await oracle(bytes)).mean).toBeLessThan(1);
  });

  it("leaves the bytes it is given as they are", async () => {
    for (const name of ["animated.avif", "orientation-6.jpg", "grey-profile.png"]) {
      const bytes = Buffer.from(fixture(name));
      await codecs.decode(bytes, probe(bytes));
      expect(new Uint8Array(bytes)).toEqual(fixture(name));
    }
  });
});

describe("what only sharp reads", () => {
  it.each(EDGE_REFUSES)("%s is unsupported at the edge and decoded by sharp", async (name) => {
    const bytes = fixture(name);
    const header = probe(bytes);
    await expect(jsquash.decode(bytes, header)).rejects.toMatchObject({ code: "unsupported_format" });
    const { image } = await IMPLEMENTATIONS.sharp.decode(bytes, header);
    expect(image.data.length).toBe(4 * image.width * image.height);
  });

  it("is not a plain AVIF in Node: that is decoded as at the edge", async () => {
    const node = createNodeCodecs();
    for (const name of ["8-bit.avif", "alpha.avif", "grid.avif"]) {
      const bytes = fixture(name);
      expect(await node.decode(bytes, probe(bytes))).toEqual(await jsquash.decode(bytes, probe(bytes)));
    }
  });

  it("is an AVIF of so many bytes that the edge's decoder would take long", async () => {
    const bytes = concat([fixture("420.avif"), box("free", new Uint8Array(8_000_000))]);
    const header = probe(bytes);
    expect(await createNodeCodecs().decode(bytes, header)).toEqual(await IMPLEMENTATIONS.sharp.decode(bytes, header));
  });

  it.each(["8-bit.avif", "10-bit.avif", "alpha.avif", "grid.avif", "animated.avif"])(
    "is not %s without pixi either, as libheif once wrote it",
    async (name) => {
      const plain = fixture(name);
      const bytes = new Uint8Array(
        Buffer.from(Buffer.from(plain).toString("latin1").replaceAll("pixi", "free"), "latin1"),
      );
      expect(bytes).not.toEqual(plain);
      for (const { decode } of [jsquash, createNodeCodecs()]) {
        expect(await decode(bytes, probe(bytes))).toEqual(await decode(plain, probe(plain)));
      }
    },
  );

  it("is not a cropped AVIF either, whose alpha libheif squeezes into the crop", async () => {
    // In 420.avif, the crop starts at an odd pixel, which libavif would refuse.
    for (const name of ["alpha.avif", "420.avif"]) {
      const plain = fixture(name);
      const { image } = await jsquash.decode(plain, probe(plain));
      const bytes = addAvifProperty(plain, clap(1, 2));
      for (const { decode } of [jsquash, createNodeCodecs()]) {
        const cropped = (await decode(bytes, probe(bytes))).image;
        expect(cropped).toEqual(cut(image, { x: 13, y: 10, width: 20, height: 10 }));
      }
    }
  });

  const QUARTER = box("irot", Uint8Array.of(1));
  it.each([
    ["alpha.avif", [QUARTER], { x: 0, y: 0, width: 45, height: 29 }, 8],
    ["alpha.avif", [box("irot", Uint8Array.of(2))], { x: 0, y: 0, width: 45, height: 29 }, 3],
    ["alpha.avif", [box("irot", Uint8Array.of(3))], { x: 0, y: 0, width: 45, height: 29 }, 6],
    ["grid.avif", [QUARTER], { x: 0, y: 0, width: 128, height: 64 }, 8],
    ["alpha.avif", [clap(1, 2), QUARTER], { x: 13, y: 10, width: 20, height: 10 }, 8],
    ["alpha.avif", [clap(0, 1), QUARTER], { x: 12, y: 9, width: 20, height: 10 }, 8],
  ] as const)(
    "is turned and cropped whole where %s is left to libheif (%#)",
    async (name, transforms, part, turned) => {
      const plain = fixture(name);
      const bytes = transforms.reduce<Uint8Array>((avif, transform) => addAvifProperty(avif, transform), plain);
      const { decode } = IMPLEMENTATIONS.sharp;
      const { image } = await decode(plain, probe(plain));
      expect((await decode(bytes, probe(bytes))).image).toEqual(orient(cut(image, part), turned));
    },
  );

  it.each(["alpha.avif", "grid.avif"])(
    "is turned once, by whichever codec, where each item of %s says it",
    async (name) => {
      const plain = fixture(name);
      const items = [...readAvif(plain).types.keys()];
      const bytes = items.reduce<Uint8Array>((avif, item) => addAvifProperty(avif, QUARTER, item), plain);
      for (const { decode } of Object.values(IMPLEMENTATIONS)) {
        const { image } = await decode(plain, probe(plain));
        expect((await decode(bytes, probe(bytes))).image).toEqual(orient(image, 8));
      }
    },
  );

  it.each([
    ["one byte", false],
    ["two bytes", true],
  ])("is turned once too where a property's place takes %s, among others", async (_, wide) => {
    const colours = ["#643214", "#145032"];
    const [first, second] = await Promise.all(colours.map((colour) => avifItem(colour, 64)));
    if (!first || !second) throw new Error("Expected two tiles");
    const tile = { type: "av01", properties: [2, 3, 0x85, 0x84] };
    const bytes = avifFile({
      items: [
        { type: "grid", data: Uint8Array.of(0, 0, 0, 1, 0, 128, 0, 64), properties: [1, 0x85, 3] },
        { ...tile, data: first.data },
        { ...tile, data: second.data },
      ],
      properties: [
        ispe(128, 64),
        ispe(64, 64),
        box("pixi", be32(0), Uint8Array.of(3, 8, 8, 8)),
        first.av1C,
        box("irot", Uint8Array.of(1)),
      ],
      references: [reference("dimg", 1, 2, 3)],
      wide,
    });
    for (const { decode } of Object.values(IMPLEMENTATIONS)) {
      const { image } = await decode(bytes, probe(bytes));
      expect([image.width, image.height]).toEqual([64, 128]);
      const ends = [image.data.subarray(0, 4), image.data.subarray(-4)].map((pixel) => [...pixel]);
      expect(ends).toEqual([
        [20, 80, 50, 255],
        [100, 50, 20, 255],
      ]);
    }
  });

  it.each([
    ["444.jpg", 0.97],
    ["grey.jpg", 0.97],
    ["420.jpg", 0.8],
    ["progressive.jpg", 0.97],
  ])("is no JPEG whose last rows are missing: %s", async (name, share) => {
    const bytes = fixture(name);
    const cutShort = concat([bytes.subarray(0, Math.floor(share * bytes.length)), Uint8Array.of(0xff, 0xd9)]);
    for (const { decode } of [jsquash, createNodeCodecs()]) {
      await expect(decode(cutShort, probe(cutShort))).rejects.toMatchObject({ code: "undecodable_image" });
    }
  });

  it("converts CMYK to sRGB", async () => {
    const bytes = fixture("cmyk.jpg");
    const { image } = await IMPLEMENTATIONS.sharp.decode(bytes, probe(bytes));
    expect(difference(image, await oracle(fixture("rgb-8.png"))).mean).toBeLessThan(12);
  });
});

it.each([
  [{ timeoutSeconds: 2 }, 1999, "undecodable_image"],
  [{ timeoutSeconds: 2 }, 2000, "deadline_exceeded"],
  [{}, 3_600_000, "undecodable_image"],
])("with sharp and %o, what failed after %i ms is %s", async (options, tookMs, code) => {
  let nowMs = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => (nowMs += tookMs));
  onTestFinished(() => clock.mockRestore());
  const bytes = fixture("truncated-with-eoi.jpg");
  await expect(createSharpCodecs(options).decode(bytes, probe(bytes))).rejects.toMatchObject({ code });
});

describe("bytes that no pixel depends on", () => {
  const plenty = new Uint8Array(3_000_000);
  const comments = Array.from({ length: 60 }, () =>
    concat([Uint8Array.of(0xff, 0xfe, 0xff, 0xff), plenty.subarray(0, 65_533)]),
  );
  const insert = (name: string, at: number, ...parts: Uint8Array[]) => {
    const bytes = fixture(name);
    const end = at < 0 ? bytes.length + at : at;
    return concat([bytes.subarray(0, end), ...parts, bytes.subarray(end)]);
  };
  const webp = (chunk: Uint8Array) =>
    webpFile([...[...webpChunks(fixture("p3.webp"))].map(({ whole }) => whole), chunk]);

  it.each([
    ["in chunks of a PNG", "rgb-8.png", () => insert("rgb-8.png", 33, pngChunk("teXt", plenty))],
    ["in comments of a JPEG", "444.jpg", () => insert("444.jpg", 2, ...comments)],
    ["in chunks of a WebP", "p3.webp", () => webp(riffChunk("XMP ", plenty))],
  ])("are no burden %s", async (_, name, make) => {
    const bytes = make();
    expect(bytes.length).toBeGreaterThan(plenty.length);
    const plain = fixture(name);
    expect(await jsquash.decode(bytes, probe(bytes))).toEqual(await jsquash.decode(plain, probe(plain)));
  });

  it.each([
    ["PNG", () => insert("rgb-8.png", -12, pngChunk("IDAT", plenty))],
    ["JPEG", () => insert("444.jpg", -2, plenty)],
    ["WebP", () => webpFile([riffChunk("VP8L", concat([fixture("lossless.webp").subarray(20), plenty]))])],
    ["AVIF", () => concat([fixture("8-bit.avif"), box("free", plenty, plenty)])],
  ])("are refused among the pixels of a %s, before a decoder makes more of them", async (_, make) => {
    const bytes = make();
    await expect(jsquash.decode(bytes, probe(bytes))).rejects.toMatchObject({
      code: "source_too_large",
      detail: { limit: expect.any(Number), actual: expect.any(Number), unit: "bytes" },
    });
  });
});

describe.each(Object.entries(IMPLEMENTATIONS))(
  "refuses with %s a PNG, before its decoder unpacks it all,",
  (_, codecs) => {
    it.each([
      ["that unpacks to far more than its pixels", deflateSync(new Uint8Array(2 ** 26))],
      [
        "whose pixels are followed by far more than they are",
        concat([deflateSync(new Uint8Array(2)), new Uint8Array(2 ** 21)]),
      ],
    ])("%s", async (_, packed) => {
      const ihdr = concat([be32(1), be32(1), Uint8Array.of(8, 0, 0, 0, 0)]);
      const chunks = [
        pngChunk("IHDR", ihdr),
        pngChunk("IDAT", new Uint8Array(packed)),
        pngChunk("IEND", new Uint8Array()),
      ];
      const bytes = pngFile(chunks);
      await expect(codecs.decode(bytes, probe(bytes))).rejects.toMatchObject({ code: "source_too_large" });
    });
  },
);

it.each([
  ["edge", jsquash],
  ["origin", createNodeCodecs()],
])("refuses at the %s a WebP whose codes take hundreds of MB to decode", async (_, codecs) => {
  const bytes = manyCodes(512);
  expect(bytes.length).toBeLessThan(75_000);
  await expect(codecs.decode(bytes, probe(bytes))).rejects.toMatchObject({
    code: "image_too_large",
    message: "Expected a picture that can be decoded in 46 MB",
  });
});

it("gives pixi to an AVIF without, with lists of two bytes and data that is not in mdat", async () => {
  const { data, av1C } = await avifItem("#643214");
  const bytes = avifFile({
    items: [
      { type: "av01", data, properties: [1, 0x82] },
      { type: "Exif", data: new Uint8Array(2000), method: 1, properties: [] },
    ],
    properties: [ispe(16, 16), av1C],
    wide: true,
  });
  const { image } = await jsquash.decode(bytes, probe(bytes));
  expect([...image.data.subarray(0, 4)]).toEqual([100, 50, 20, 255]);
});

it("gives a property to an AVIF whose data stands before it", async () => {
  const plain = fixture("8-bit.avif");
  const { meta } = readAvif(plain);
  const head = plain.subarray(0, meta.start);
  const bytes = concat([head, plain.subarray(meta.end), plain.subarray(meta.start, meta.end)]);
  bytes.set(be32(head.length + 8), Buffer.from(bytes).indexOf("iloc") + 16);
  const turned = addAvifProperty(bytes, box("irot", Uint8Array.of(1)));
  const { image } = await jsquash.decode(plain, probe(plain));
  expect((await jsquash.decode(turned, probe(turned))).image).toEqual(orient(image, 8));
});

it("gives no property to an AVIF that has as many as its lists can name, nor needs to where it has pixi", async () => {
  const { data, av1C } = await avifItem("#643214");
  const pixi = box("pixi", be32(0), Uint8Array.of(3, 8, 8, 8));
  const bytes = avifFile({
    items: [{ type: "av01", data, properties: [1, 2, 0x83] }],
    properties: [ispe(16, 16), pixi, av1C, ...Array.from({ length: 124 }, () => box("free"))],
  });
  expect(() => addAvifProperty(bytes, box("free"))).toThrow(TypeError);
  const { image } = await jsquash.decode(bytes, probe(bytes));
  expect([...image.data.subarray(0, 4)]).toEqual([100, 50, 20, 255]);
});

it.each([
  ["data around its properties", (bytes: Uint8Array, iloc: number) => bytes.set(be32(200), iloc + 16)],
  ["a list of properties beyond its box", (bytes: Uint8Array) => (bytes[Buffer.from(bytes).indexOf("ipma") + 14] = 40)],
])("gives no property to an AVIF with %s, which might become another than has been probed", (_, change) => {
  const bytes = fixture("8-bit.avif");
  change(bytes, Buffer.from(bytes).indexOf("iloc"));
  expect(() => addAvifProperty(bytes, box("free"))).toThrow(TypeError);
});

/** A black WebP with separate prefix codes for each block of 4x4 pixels. @see RFC 9649 sections 3.7 and 3.8 */
function manyCodes(side: number): Uint8Array {
  const bits: number[] = [];
  const put = (value: number, count: number) => {
    for (let i = 0; i < count; i++) bits.push((value >> i) & 1);
  };
  /** A prefix code with the single symbol 0, which takes no bits. */
  const single = () => put(1, 4);
  /** A prefix code of 8 bits for each of the first 256 symbols of an alphabet. */
  const plain = (alphabet: number) => {
    const order = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8];
    put((order.length - 4) << 1, 5);
    for (const length of order) put(length === 0 || length === 8 ? 1 : 0, 3);
    put(0, 1);
    for (let symbol = 0; symbol < alphabet; symbol++) put(symbol < 256 ? 1 : 0, 1);
  };
  put(0x2f, 8);
  put(side - 1, 14);
  put(side - 1, 14);
  put(0, 4); // no alpha, version 0
  put(0, 2); // no transform, no cache of colours
  put(1, 4); // groups of codes, for blocks of 4x4
  put(0, 1);
  plain(256 + 24);
  plain(256);
  for (let i = 0; i < 3; i++) single();
  const groups = (side / 4) ** 2;
  for (let group = 0; group < groups; group++) {
    // The number of the group, in green and red; codes start with their highest bit.
    for (const byte of [group & 255, group >> 8]) for (let bit = 7; bit >= 0; bit--) put(byte >> bit, 1);
  }
  for (let i = 0; i < 5 * groups; i++) single();
  put(0, 64);
  const data = new Uint8Array(bits.length >> 3);
  for (const [i, bit] of bits.entries()) data[i >> 3] = (data[i >> 3] ?? 0) | (bit << (i & 7));
  return webpFile([riffChunk("VP8L", data)]);
}

/** The AV1 data and the av1C box of a square of one colour. */
async function avifItem(background: string, side = 16) {
  const picture = sharp({ create: { width: side, height: side, channels: 3, background } });
  const bytes = new Uint8Array(await picture.avif({ lossless: true, chromaSubsampling: "4:4:4" }).toBuffer());
  const { locations, properties } = readAvif(bytes);
  const { start = 0, length = 0 } = locations[0]?.extents[0] ?? {};
  const av1C = properties.find(({ type }) => type === "av1C");
  return { data: bytes.slice(start, start + length), av1C: bytes.slice(av1C?.start, av1C?.end) };
}

/** A sequence whose track has 16x16 pixels and whose still picture has 45x29. */
async function otherTrack(): Promise<Uint8Array> {
  const { data } = await avifItem("#643214");
  const sequence = fixture("animated.avif");
  const bytes = concat([sequence, be32(8 + 2 * data.length), latin1("mdat"), data, data]);
  const fieldsOf = (type: string) => Buffer.from(bytes).indexOf(type) + 4;
  bytes.set(be32(sequence.length + 8), fieldsOf("stco") + 8);
  for (const frame of [0, 1]) bytes.set(be32(data.length), fieldsOf("stsz") + 12 + 4 * frame);
  for (const side of [0, 1]) bytes.set(be32(16 << 16), fieldsOf("tkhd") + 88 + 4 * side);
  return bytes;
}

function rebranded(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy.set(latin1("avif"), 8);
  return copy;
}
