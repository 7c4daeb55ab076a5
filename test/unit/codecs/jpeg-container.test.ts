import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { Codecs } from "../../../src/codecs/codec.ts";
import { isNeeded, plainJpeg } from "../../../src/codecs/jpeg-container.ts";
import { createCodecs } from "../../../src/codecs/jsquash.ts";
import { CODEC_MODULES } from "../../../src/codecs/node-modules.ts";
import { createSharpCodecs } from "../../../src/codecs/sharp.ts";
import { concat, latin1 } from "../../../src/core/bytes.ts";
import { isFrame, jpegSegments } from "../../../src/core/probe/jpeg.ts";
import { probe } from "../../../src/core/probe/probe.ts";
import { fixture } from "../../fixtures/read.ts";

const IMPLEMENTATIONS: [string, Codecs][] = [
  ["jsquash", createCodecs(CODEC_MODULES)],
  ["sharp", createSharpCodecs()],
];

const SEQUENTIAL = fixture("420.jpg");
const PROGRESSIVE = new Uint8Array(await sharp(fixture("rgb-8.png")).jpeg({ progressive: true }).toBuffer());

/** Offset of the first segment of a marker. */
function find(bytes: Uint8Array, code: number): number {
  const segment = [...jpegSegments(bytes)].find(({ marker }) => marker === code);
  if (segment === undefined) throw new Error(`Expected a segment ${code.toString(16)}`);
  return segment.whole.byteOffset - bytes.byteOffset;
}

function insert(bytes: Uint8Array, at: number, stray: Uint8Array): Uint8Array {
  return concat([bytes.subarray(0, at), stray, bytes.subarray(at)]);
}

/** A JPEG as Samsung's cameras write it, which declares the first coefficient to be the last of its only scan. */
function shortScan(bytes: Uint8Array): Uint8Array {
  return scanWith(bytes, 1, 0);
}

/** Sets one of the three bytes of SOS that only progressive scans use. */
function scanWith(bytes: Uint8Array, at: 0 | 1 | 2, value: number): Uint8Array {
  const sos = find(bytes, 0xda);
  return bytes.with(sos + 5 + 2 * (bytes[sos + 4] ?? 0) + at, value);
}

function segment(marker: number, text: string, ...rest: number[]): Uint8Array {
  const data = concat([latin1(text), Uint8Array.from(rest)]);
  return concat([Uint8Array.of(0xff, marker, 0, data.length + 2), data]);
}

/** A JFIF segment of version 1.01, without a thumbnail. */
const JFIF = segment(0xe0, "JFIF\0", 1, 1, 0, 0, 1, 0, 1, 0, 0);
const JFIF_2 = segment(0xe0, "JFIF\0", 2, 1, 0, 0, 1, 0, 1, 0, 0);
const adobe = (transform: number) => segment(0xee, "Adobe", 0, 100, 0, 0, 0, 0, transform);

const HARMLESS: [string, Uint8Array, Uint8Array][] = [
  ...[0xc4, 0xc0, 0xda].map((code): [string, Uint8Array, Uint8Array] => [
    `stray bytes before ${code.toString(16)}`,
    SEQUENTIAL,
    insert(SEQUENTIAL, find(SEQUENTIAL, code), Uint8Array.of(0, 0, 7)),
  ]),
  ["stray bytes before the end", SEQUENTIAL, insert(SEQUENTIAL, SEQUENTIAL.length - 2, new Uint8Array(5))],
  ["a scan that says it is of one coefficient", SEQUENTIAL, shortScan(SEQUENTIAL)],
  ["a scan that says it begins later", SEQUENTIAL, scanWith(SEQUENTIAL, 0, 1)],
  ["a scan that says it refines another", SEQUENTIAL, scanWith(SEQUENTIAL, 2, 0x10)],
  ["JFIF of version 2", SEQUENTIAL, insert(SEQUENTIAL, 2, JFIF_2)],
  ["a transform of Adobe's that is for four colours", SEQUENTIAL, insert(SEQUENTIAL, 2, adobe(2))],
];

describe.each(IMPLEMENTATIONS)("JPEG with %s", (_, codecs) => {
  const decode = async (bytes: Uint8Array) => (await codecs.decode(bytes, probe(bytes))).image;

  it.each(HARMLESS)("decodes one with %s as without", async (_, whole, odd) => {
    expect(await decode(odd)).toEqual(await decode(whole));
  });

  it.each([
    ["stray bytes", insert(SEQUENTIAL, find(SEQUENTIAL, 0xc4), new Uint8Array(2))],
    ["a short scan", shortScan(SEQUENTIAL)],
  ])("refuses one with %s that breaks off as well", async (_, bytes) => {
    const cut = concat([bytes.subarray(0, bytes.length * 0.7), Uint8Array.of(0xff, 0xd9)]);
    await expect(decode(cut)).rejects.toMatchObject({ code: "undecodable_image" });
  });

  it("refuses a progressive one with bytes left over: a code may have been read wrongly", async () => {
    const bytes = insert(PROGRESSIVE, PROGRESSIVE.length - 2, new Uint8Array(40));
    await expect(decode(bytes)).rejects.toMatchObject({ code: "undecodable_image" });
  });

  it("stores all of the chroma from quality 80 on", async () => {
    const image = await decode(SEQUENTIAL);
    const sampling = async (quality: number) => {
      const segments = jpegSegments(await codecs.encode({ image }, "jpeg", { quality }));
      return [...segments].find(({ marker }) => isFrame(marker))?.data[7];
    };
    expect([await sampling(79), await sampling(80)]).toEqual([0x22, 0x11]);
  });
});

it("leaves a plain JPEG as it is", () => {
  const jfif = insert(SEQUENTIAL, 2, JFIF);
  const cmyk = insert(fixture("cmyk.jpg"), 2, adobe(2));
  for (const bytes of [SEQUENTIAL, PROGRESSIVE, jfif, cmyk]) expect(plainJpeg(bytes)).toEqual(bytes);
  expect(plainJpeg(concat([jfif, jfif]))).toEqual(jfif);
});

it.each([
  ["red, green and blue as they are", adobe(0)],
  ["a transform that is known", adobe(1)],
  ["an Adobe segment that ends early", segment(0xee, "Adobe", 0, 100, 0, 0, 0, 0)],
  ["another APP14", segment(0xee, "Adobo", 0, 100, 0, 0, 0, 0, 2)],
  ["a JFIF segment that ends early", segment(0xe0, "JFIF\0", 2, 1, 0, 0, 1, 0, 1, 0)],
  ["another APP0", segment(0xe0, "JFXX\0", 2, 1, 0, 0, 1, 0, 1, 0, 0)],
])("leaves a JPEG with %s as it is", (_, app) => {
  const bytes = insert(SEQUENTIAL, 2, app);
  expect(plainJpeg(bytes)).toEqual(bytes);
});

it("needs no comments and, of applications' data, JFIF's and Adobe's alone", () => {
  const markers = [0xc0, 0xda, 0xdb, 0xdf, 0xe0, 0xe1, 0xe2, 0xed, 0xee, 0xef, 0xf0, 0xfd, 0xfe];
  const data = new Uint8Array();
  const needed = markers.filter((marker) => isNeeded({ marker, data, whole: data }));
  expect(needed).toEqual([0xc0, 0xda, 0xdb, 0xdf, 0xe0, 0xee, 0xf0, 0xfd]);
});
