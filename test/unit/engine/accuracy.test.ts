import { expect, it } from "vitest";
import { SCALES } from "../../../src/core/image.ts";
import { psnr } from "../../../src/core/metrics.ts";
import { resize } from "../../../src/core/resample.ts";
import { ENGINES } from "../../../src/engine/node-engines.ts";
import { upscaleRgb } from "../../../src/engine/upscale.ts";
import { clean } from "./clean.ts";
import { readSample, SAMPLES } from "./sample.ts";

// Needs nothing but the repository. cli/accuracy.test.ts measures Set5 where it is available.
it.each(SCALES)(
  "x%i in int8, tiles and all, loses at most 0.015 dB to float32 in the mean of four samples, 0.03 on any",
  async (scale) => {
    const [simd, ort] = [await ENGINES.simd(), await ENGINES.ort()];
    const losses: number[] = [];
    for (const name of SAMPLES) {
      const truth = await readSample(name, { multipleOf: scale });
      const shrunk = resize(truth, { width: truth.width / scale, height: truth.height / scale });
      const score = async ({ engine, tiling }: typeof simd | typeof ort) =>
        psnr(await upscaleRgb(engine, shrunk, clean(scale), { tiling }), truth, scale);
      losses.push((await score(ort)) - (await score(simd)));
    }
    expect(losses.reduce((sum, loss) => sum + loss, 0) / losses.length).toBeLessThanOrEqual(0.015);
    expect(Math.max(...losses)).toBeLessThanOrEqual(0.03);
  },
);
