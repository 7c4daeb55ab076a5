import sharp from "sharp";
import { beforeAll, expect, test } from "vitest";
import { cut } from "../../../src/core/canvas.ts";
import type { Rgba } from "../../../src/core/image.ts";
import { jpegBlocks } from "../../../src/core/jpeg-blocks.ts";
import { makeConsistent } from "../../../src/core/jpeg-consistency.ts";
import { probe } from "../../../src/core/probe/probe.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { upscaleRgba } from "../../../src/engine/upscale-rgba.ts";
import { enlarge } from "../../../src/service/enlarge.ts";
import { chooseModels } from "../../../src/service/model-choice.ts";
import { clean } from "../engine/clean.ts";
import { repeater } from "../engine/repeater.ts";
import { pixels } from "../pixels.ts";
import { model } from "./every-model.ts";

const tiling = { size: 32, overlap: 16 };

/** A repeater whose result is off by a wave. */
const waving: Engine = {
  name: "waving",
  async upscale(tile, network) {
    const { data, ...size } = await repeater.upscale(tile, network);
    return { ...size, data: data.map((value, i) => value + 3 * Math.sin(i / 20)) };
  },
};

let smooth: Rgba;
const formats: Record<string, { bytes: Uint8Array; image: Rgba }> = {};

beforeAll(async () => {
  smooth = await pixels(sharp("src/web/samples/logo.png").resize(40, 40).flatten().blur(3));
  const encoder = sharp(smooth.data, { raw: { width: 40, height: 40, channels: 4 } }).removeAlpha();
  for (const format of ["jpeg", "webp"] as const) {
    const bytes = new Uint8Array(await encoder.clone().toFormat(format, { quality: 75 }).toBuffer());
    formats[format] = { bytes, image: await pixels(sharp(bytes)) };
  }
});

async function enlarged(format: string, { origin = { x: 0, y: 0 }, isNetwork = true } = {}) {
  const { bytes, image } = formats[format] ?? { bytes: new Uint8Array(), image: smooth };
  const header = probe(bytes);
  const part = cut(image, { ...origin, width: 40 - origin.x, height: 40 - origin.y });
  const models = isNetwork ? chooseModels(model, 2, { transform: {}, source: header }) : undefined;
  const source = { bytes, probe: header, image: part, origin };
  const made = await enlarge(waving, source, { scale: 2, models, tiling });
  return { source, ...made, plain: await upscaleRgba(waving, part, clean(2), { tiling }) };
}

test.each([
  ["all of it", { x: 0, y: 0 }],
  ["a part", { x: 5, y: 3 }],
])("a JPEG is brought into agreement with itself: %s", async (_, origin) => {
  const { source, image, plain, model: id } = await enlarged("jpeg", { origin });
  expect(id).toBe("x2-web");
  expect(image).not.toEqual(plain);
  const blocks = jpegBlocks(source.bytes, source.probe, origin);
  if (blocks) makeConsistent(plain, source.image, blocks);
  expect(image).toEqual(plain);
});

test("other formats are left as the network has them", async () => {
  const { image, plain } = await enlarged("webp");
  expect(image).toEqual(plain);
});

test("so is what no network made", async () => {
  const { image, plain, model: id } = await enlarged("jpeg", { isNetwork: false });
  expect([id, image]).toEqual(["none", plain]);
});
