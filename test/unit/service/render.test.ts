import { expect, it } from "vitest";
import type { Codecs } from "../../../src/codecs/codec.ts";
import { FORMATS, type Rgba } from "../../../src/core/image.ts";
import { probe } from "../../../src/core/probe/probe.ts";
import { parseTransform } from "../../../src/core/transform.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { render } from "../../../src/service/render.ts";
import { planRender } from "../../../src/service/render-plan.ts";
import { createStopwatch } from "../../../src/service/stopwatch.ts";
import { fixture } from "../../fixtures/read.ts";
import { repeater } from "../engine/repeater.ts";
import { model } from "./every-model.ts";

const LIMITS = { inputPixels: 1e6, outputPixels: 1e6, avifPixels: 1e6, jpegScans: 1 };

/** What the encoder is given of `image` after these ops; the codecs pass pixels on as they are. */
async function rendered(image: Rgba, ops: string, engine: Engine = repeater): Promise<Rgba> {
  let given = image;
  const codecs: Codecs = {
    decode: async () => ({ image }),
    encode: async (picture) => {
      given = picture.image;
      return new Uint8Array();
    },
  };
  const header = { ...probe(fixture("rgba-8.png")), width: image.width, height: image.height };
  const transform = parseTransform(ops);
  await render(
    { codecs, engine, tiling: { size: 32, overlap: 16 } },
    {
      bytes: new Uint8Array(),
      probe: header,
      transform,
      plan: planRender(header, transform, { limits: LIMITS, model }),
    },
    createStopwatch(() => 0),
  );
  return given;
}

/** Yellow at the left, red that nobody sees at the right. */
const half: Rgba = {
  width: 40,
  height: 4,
  data: Uint8ClampedArray.from({ length: 4 * 40 * 4 }, (_, i) => {
    const left = (i >> 2) % 40 < 20;
    return [255, left ? 200 : 0, 0, left ? 255 : 0][i % 4] ?? 0;
  }),
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

it("has transparency made by web, and the colours of what was not drawn by clean", async () => {
  const variants: unknown[] = [];
  const engine: Engine = {
    ...repeater,
    upscale: (tile, scale, variant) => {
      variants.push(variant);
      return repeater.upscale(tile, scale);
    },
  };
  await rendered(half, "x2", engine);
  expect(variants).toEqual(["clean", "clean", "web", "web"]);
});

it("leaves colours under transparency as they are in PNG", async () => {
  const { data } = await rendered(half, "x1,format=png");
  expect([...data.subarray(-4)]).toEqual([255, 0, 0, 0]);
});
