import { expect, it } from "vitest";
import type { Codecs } from "../../../src/codecs/codec.ts";
import { FORMATS, type Rgba } from "../../../src/core/image.ts";
import { probe } from "../../../src/core/probe/probe.ts";
import { parseTransform } from "../../../src/core/transform.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { type Renderer, render } from "../../../src/service/render.ts";
import { planRender } from "../../../src/service/render-plan.ts";
import { createStopwatch } from "../../../src/service/stopwatch.ts";
import { fixture } from "../../fixtures/read.ts";
import { repeater, slowRepeater } from "../engine/repeater.ts";
import { model } from "./every-model.ts";

const LIMITS = { inputPixels: 1e6, outputPixels: 1e6, avifPixels: 1e6, jpegScans: 1 };

const ICC = Uint8Array.of(1, 2, 3);

/** The picture that the encoder gets from `image` and these ops; the fake codecs do not change pixels. */
async function rendered(image: Rgba, ops: string, engine: Engine = repeater): Promise<Rgba> {
  const [picture] = (await encoded(image, ops, { engine })) ?? [];
  return picture?.image ?? image;
}

/** All arguments that the encoder gets. */
async function encoded(image: Rgba, ops: string, { engine = repeater, ...more }: Partial<Renderer> = {}) {
  let given: Parameters<Codecs["encode"]> | undefined;
  const codecs: Codecs = {
    decode: async () => ({ image, icc: ICC }),
    encode: async (...all) => {
      given = all;
      return new Uint8Array();
    },
  };
  const header = { ...probe(fixture("rgba-8.png")), width: image.width, height: image.height };
  const transform = parseTransform(ops);
  await render(
    { codecs, engine, tiling: { size: 32, overlap: 16 }, ...more },
    {
      bytes: new Uint8Array(),
      probe: header,
      transform,
      plan: planRender(header, transform, { limits: LIMITS, findModel: model }),
    },
    createStopwatch(() => 0),
  );
  return given;
}

/** Yellow on the left, invisible red on the right. */
const half: Rgba = {
  width: 40,
  height: 4,
  data: Uint8ClampedArray.from(
    Array.from({ length: 160 }, (_, i) => (i % 40 < 20 ? [255, 200, 0, 255] : [255, 0, 0, 0])).flat(),
  ),
};

it.each(FORMATS)("stores no edge that nobody sees in %s", async (format) => {
  for (const ops of ["x1", "x2", "w=24", "w=60,h=60,fit=pad"]) {
    const { width, data } = await rendered(half, `${ops},format=${format}`);
    const middle = 4 * width * (data.length / 8 / width);
    const [left, right] = [
      data.subarray(middle, middle + 4),
      data.subarray(middle + 4 * (width - 1), middle + 4 * width),
    ];
    expect([...left], ops).toEqual([255, 200, 0, 255]);
    if (format === "jpeg") expect([...right], ops).toEqual([255, 255, 255, 255]);
    // The same colour, so that no edge has to be stored.
    else if (format !== "png") expect([...right], ops).toEqual([255, 200, 0, 0]);
    else expect(right[3], ops).toBe(0);
  }
});

it("adds light up where a picture becomes smaller, and values as they are stored where it becomes larger", async () => {
  const stripes: Rgba = {
    ...{ width: 64, height: 64 },
    data: Uint8ClampedArray.from({ length: 4 * 64 * 64 }, (_, i) => (i % 4 === 3 || (i >> 2) % 2 === 1 ? 255 : 0)),
  };
  const mean = async (ops: string) => {
    const { width, data } = await rendered(stripes, ops);
    const inner = data.filter((_, i) => i % 4 === 0 && (i >> 2) % width >= 4 && (i >> 2) % width < width - 4);
    return inner.reduce((sum, value) => sum + value, 0) / inner.length;
  };
  expect(await mean("w=16")).toBeGreaterThan(180);
  expect(await mean("x2,w=16")).toBeGreaterThan(180);
  expect(await mean("w=96")).toBeCloseTo(127.5, -1);
  expect(await mean("x3,w=96")).toBeCloseTo(127.5, -1);
});

it("has transparency made by clean where its edges are soft, and colours that were drawn by web", async () => {
  const variants: unknown[] = [];
  const engine: Engine = {
    ...repeater,
    upscale: (tile, network) => {
      variants.push(network.variant);
      return repeater.upscale(tile, network);
    },
  };
  const stripes = Array.from({ length: 60 * 60 }, (_, i) => {
    const x = i % 60;
    return [...Array(3).fill(255 * (Math.floor(x / 5) % 2)), 128 + 2 * x];
  });
  await rendered({ width: 60, height: 60, data: Uint8ClampedArray.from(stripes.flat()) }, "x2", engine);
  expect(new Set(variants.slice(0, variants.length / 2))).toEqual(new Set(["web"]));
  expect(new Set(variants.slice(variants.length / 2))).toEqual(new Set(["clean"]));
});

it("leaves colours under transparency as they are in PNG", async () => {
  const { data } = await rendered(half, "x1,format=png");
  expect([...data.subarray(-4)]).toEqual([255, 0, 0, 0]);
});

it("passes the profile and the quality on", async () => {
  expect(await encoded(half, "x1,format=webp,quality=33")).toMatchObject([{ icc: ICC }, "webp", { quality: 33 }]);
});

it("pads with nothing, with the background, or with white where the format has no transparency", async () => {
  const corner = async (ops: string) => [...(await rendered(half, `w=60,h=60,fit=pad,${ops}`)).data.subarray(0, 4)];
  expect(await corner("format=png")).toEqual([0, 0, 0, 0]);
  expect(await corner("format=png,background=102030")).toEqual([16, 32, 48, 255]);
  expect(await corner("format=jpeg")).toEqual([255, 255, 255, 255]);
  expect(await corner("format=jpeg,background=102030")).toEqual([16, 32, 48, 255]);
});

it.each([
  ["across", "center", 88],
  ["down", "center", 88],
  ["across", "0.25x0.9", 40],
  ["down", "0.9x0.25", 40],
  ["across", "right", 176],
  ["down", "bottom", 176],
])("cuts out of a picture that is long, %s, what is about %s", async (way, gravity, first) => {
  const [width, height] = way === "across" ? [192, 16] : [16, 192];
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  const along = (i: number) => (way === "across" ? i % width : Math.floor(i / width));
  for (let i = 0; i < width * height; i++) data[4 * i] = along(i);
  const part = await rendered({ width, height, data }, `w=16,h=16,fit=cover,gravity=${gravity}`);
  expect([...part.data].filter((_, i) => i % 4 === 0)).toEqual(
    Array.from({ length: 256 }, (_, i) => first + (way === "across" ? i % 16 : i >> 4)),
  );
});

it("pauses after each tile, and takes as many at a time as it may", async () => {
  const data = Uint8ClampedArray.from({ length: 4 * 100 * 16 }, (_, i) => (i % 4 === 3 ? 255 : i % 251));
  const opaque = { width: 100, height: 16, data };
  const { engine, most } = slowRepeater();
  let pauses = 0;
  const pause = async () => void pauses++;
  await encoded(opaque, "x2", { engine, pause, concurrency: 2 });
  expect([pauses, most()]).toEqual([6, 2]);
});
