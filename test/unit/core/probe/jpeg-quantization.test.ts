import sharp, { type JpegOptions } from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { jpegSegments } from "../../../../src/core/probe/jpeg.ts";
import { lumaSteps } from "../../../../src/core/probe/jpeg-quantization.ts";
import { fixture } from "../../../fixtures/read.ts";

/** The first row of T.81's table K.1, which quality 50 uses. */
const FIRST_ROW = [16, 11, 10, 16, 24, 40, 51, 61];
const FIRST_COLUMN = [16, 12, 14, 14, 18, 24, 49, 72];

let colours: Uint8Array;

beforeAll(async () => {
  colours = await jpeg({});
});

async function jpeg(options: JpegOptions, picture = sharp("src/web/samples/logo.png").flatten()) {
  return new Uint8Array(await picture.jpeg({ quality: 50, ...options }).toBuffer());
}

/** A copy with other values at these offsets in the data of the first segment of a kind. */
function changed(bytes: Uint8Array, kind: (marker: number) => boolean, values: Readonly<Record<number, number>>) {
  const copy = bytes.slice();
  for (const { marker, data } of jpegSegments(copy)) {
    if (!kind(marker)) continue;
    for (const [at, value] of Object.entries(values)) data[Number(at)] = value;
    return copy;
  }
  throw new Error("no such segment");
}
const SOF = (marker: number) => marker === 0xc0 || marker === 0xc2;
const DQT = (marker: number) => marker === 0xdb;

/** A copy with these segments right after SOI, where sharp writes none. */
function begun(bytes: Uint8Array, ...segments: readonly number[][]) {
  return Uint8Array.from([...bytes.subarray(0, 2), ...segments.flat(), ...bytes.subarray(2)]);
}
const JFIF = [0xff, 0xe0, 0, 16, ...Buffer.from("JFIF\0"), 1, 1, 0, 0, 1, 0, 1, 0, 0];
const JFIF_CUT = [0xff, 0xe0, 0, 9, ...Buffer.from("JFIF\0"), 1, 1];
const ADOBE_CUT = [0xff, 0xee, 0, 9, ...Buffer.from("Adobe"), 0, 100];
const JFXX = [0xff, 0xe0, 0, 8, ...Buffer.from("JFXX\0"), 0x10];
const adobe = (transform: number, name = "Adobe") => {
  return [0xff, 0xee, 0, 14, ...Buffer.from(name), 0, 100, 0, 0, 0, 0, transform];
};

test.each([
  ["in colours", {}],
  ["with whole colours", { chromaSubsampling: "4:4:4" }],
  ["progressive", { progressive: true }],
])("rows of the table, not its zigzag: %s", async (_, options) => {
  const steps = [...(lumaSteps(await jpeg(options)) ?? [])];
  expect(steps.slice(0, 8)).toEqual(FIRST_ROW);
  expect(steps.filter((_, i) => i % 8 === 0)).toEqual(FIRST_COLUMN);
  expect(steps.length).toBe(64);
});

test("of grey pictures too", async () => {
  const grey = await jpeg({}, sharp("src/web/samples/logo.png").flatten().toColourspace("b-w"));
  const [frame] = [...jpegSegments(grey)].filter(({ marker }) => SOF(marker));
  expect(frame?.data[5]).toBe(1);
  expect(lumaSteps(grey)?.subarray(0, 8)).toEqual(Float64Array.from(FIRST_ROW));
});

test("of the table that the luma names", () => {
  const chroma = lumaSteps(changed(colours, SOF, { 8: 1 }));
  expect(chroma?.subarray(0, 4)).toEqual(Float64Array.of(17, 18, 24, 47));
  expect(lumaSteps(changed(colours, SOF, { 8: 3 }))).toBeUndefined();
});

test("steps of 16 bits", () => {
  const [table] = [...jpegSegments(colours)].filter(({ marker }) => DQT(marker));
  const wide = [0xff, 0xdb, 0, 131, 0x10, ...[...(table?.data.subarray(1, 65) ?? [])].flatMap((step) => [1, step])];
  const [sof] = [...jpegSegments(colours)].filter(({ marker }) => SOF(marker));
  const at = (sof?.whole.byteOffset ?? 0) - colours.byteOffset;
  const bytes = Uint8Array.from([...colours.subarray(0, at), ...wide, ...colours.subarray(at)]);
  expect(lumaSteps(bytes)?.subarray(0, 8)).toEqual(Float64Array.from(FIRST_ROW, (step) => step + 256));
});

test("not of a table that comes after the first scan", () => {
  const later = [0xff, 0xdb, 0, 67, 0, ...new Uint8Array(64).fill(1)];
  const bytes = Uint8Array.from([...colours.subarray(0, -2), ...later, 0xff, 0xd9]);
  expect(lumaSteps(bytes)?.subarray(0, 8)).toEqual(Float64Array.from(FIRST_ROW));
});

test("none of 0, by which nothing can be divided", () => {
  expect(lumaSteps(changed(colours, DQT, { 9: 0 }))).toBeUndefined();
});

test("none where the luma has fewer pixels than the picture", () => {
  expect(lumaSteps(changed(colours, SOF, { 7: 0x11, 10: 0x21 }))).toBeUndefined();
  expect(lumaSteps(changed(colours, SOF, { 7: 0x11, 13: 0x12 }))).toBeUndefined();
  expect(lumaSteps(changed(colours, SOF, { 7: 0x11, 10: 0x11, 13: 0x11 }))).toBeDefined();
});

test.each(["cyan, magenta, yellow and black", "luma and black"])("of four components, %s, there are none", (kind) => {
  const bytes = fixture("cmyk.jpg").slice();
  const [adobe] = [...jpegSegments(bytes)].filter(({ marker }) => marker === 0xee);
  if (adobe === undefined) throw new Error("no such segment");
  adobe.data[11] = kind === "luma and black" ? 2 : 0;
  expect(lumaSteps(bytes)).toBeUndefined();
});

describe("of red, green and blue there are none", () => {
  const rgb = { 6: 82, 9: 71, 12: 66 };

  test.each([
    ["components of these names", (bytes: Uint8Array) => changed(bytes, SOF, rgb), false],
    ["the same in JFIF, which has luma", (bytes: Uint8Array) => begun(changed(bytes, SOF, rgb), JFIF), true],
    ["and in a segment that is none of JFIF's", (bytes: Uint8Array) => begun(changed(bytes, SOF, rgb), JFXX), false],
    ["other names", (bytes: Uint8Array) => bytes, true],
    ["Adobe says so", (bytes: Uint8Array) => begun(bytes, adobe(0)), false],
    ["Adobe says too little for libjpeg", (bytes: Uint8Array) => begun(bytes, ADOBE_CUT), true],
    ["JFIF says too little for libjpeg", (bytes: Uint8Array) => begun(changed(bytes, SOF, rgb), JFIF_CUT), false],
    ["others say so", (bytes: Uint8Array) => begun(bytes, adobe(0, "Abode")), true],
    ["Adobe says so, in JFIF", (bytes: Uint8Array) => begun(bytes, JFIF, adobe(0)), true],
    ["Adobe says that it is luma", (bytes: Uint8Array) => begun(changed(bytes, SOF, rgb), adobe(1)), true],
  ])("%s", (_, change, hasLuma) => {
    expect(lumaSteps(change(colours)) !== undefined).toBe(hasLuma);
  });
});
