import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { Codecs } from "../../../src/codecs/codec.ts";
import { concat } from "../../../src/codecs/concat.ts";
import { plainJpeg } from "../../../src/codecs/jpeg-container.ts";
import { createCodecs } from "../../../src/codecs/jsquash.ts";
import { CODEC_MODULES } from "../../../src/codecs/node-modules.ts";
import { createSharpCodecs } from "../../../src/codecs/sharp.ts";
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
  return (segment?.whole.byteOffset ?? Number.NaN) - bytes.byteOffset;
}

function insert(bytes: Uint8Array, at: number, stray: Uint8Array): Uint8Array {
  return concat([bytes.subarray(0, at), stray, bytes.subarray(at)]);
}

/** As Samsung's cameras write it: the last coefficient of the only scan is said to be the first. */
function shortScan(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const sos = find(copy, 0xda);
  copy[sos + 5 + 2 * (copy[sos + 4] ?? 0) + 1] = 0;
  return copy;
}

function newJfif(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[find(copy, 0xe0) + 9] = 2;
  return copy;
}

const HARMLESS: [string, Uint8Array, Uint8Array][] = [
  ...[0xc4, 0xc0, 0xda].map((code): [string, Uint8Array, Uint8Array] => [
    `stray bytes before ${code.toString(16)}`,
    SEQUENTIAL,
    insert(SEQUENTIAL, find(SEQUENTIAL, code), Uint8Array.of(0, 0, 7)),
  ]),
  ["stray bytes before the end", SEQUENTIAL, insert(SEQUENTIAL, SEQUENTIAL.length - 2, new Uint8Array(5))],
  [
    "stray bytes before the end, progressive",
    PROGRESSIVE,
    insert(PROGRESSIVE, PROGRESSIVE.length - 2, new Uint8Array(5)),
  ],
  ["a scan that says it is of one coefficient", SEQUENTIAL, shortScan(SEQUENTIAL)],
  ["JFIF of version 2", SEQUENTIAL, newJfif(SEQUENTIAL)],
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
  for (const bytes of [SEQUENTIAL, PROGRESSIVE]) expect(plainJpeg(bytes)).toEqual(bytes);
});
