import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import type { Rgb } from "../src/core/image.ts";
import { psnr } from "../src/core/metrics.ts";
import { resize } from "../src/core/resample.ts";
import { ENGINES } from "../src/engine/node-engines.ts";
import { upscaleRgb } from "../src/engine/upscale.ts";

/** Makes the README's pictures: a crop of each sample by bicubic, by SSIU and in truth, and prints a row for each. */
const SCALE = 4;

/** What is shown, in pixels of the sample: left, top; 80x60 each. */
const CROPS: Readonly<Record<string, readonly [number, number]>> = {
  "scene.png": [56, 30],
  "lines.png": [130, 20],
  "text.png": [12, 84],
};
const CROP = { width: 80, height: 60 };

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const images = path("../docs/images");
const truths = await mkdtemp(join(tmpdir(), "ssiu-truth-"));
await mkdir(images, { recursive: true });
execFileSync("npx", ["tsx", path("render-samples.ts"), ...Object.keys(CROPS), "--truth", truths]);

const { engine, tiling } = await ENGINES.simd();
for (const [name, [left, top]] of Object.entries(CROPS)) {
  const stem = name.replace(/\.\w+$/, "");
  const source = await read(path(`../src/web/samples/${name}`));
  const truth = await read(join(truths, `x${SCALE}`, `${stem}.png`));
  const bicubic = { ...truth, data: resize(source, truth).data };
  const ssiu = await upscaleRgb(engine, source, SCALE, { tiling });
  for (const [kind, image] of Object.entries({ bicubic, ssiu, truth })) {
    await sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
      .extract({ left: SCALE * left, top: SCALE * top, width: SCALE * CROP.width, height: SCALE * CROP.height })
      .webp({ quality: 92, smartSubsample: true })
      .toFile(join(images, `${stem}-${kind}.webp`));
  }
  const decibels = (image: Rgb) => psnr(image, truth, SCALE).toFixed(2);
  console.log(`${name}: bicubic ${decibels(bicubic)} dB, SSIU ${decibels(ssiu)} dB`);
}
await rm(truths, { recursive: true });

async function read(file: string): Promise<Rgb> {
  const { data, info } = await sharp(await readFile(file))
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8ClampedArray(data) };
}
