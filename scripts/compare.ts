import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { joinAlpha, splitAlpha } from "../src/core/alpha.ts";
import type { Rgb, Variant } from "../src/core/image.ts";
import { psnr } from "../src/core/metrics.ts";
import { resize } from "../src/core/resample.ts";
import { ENGINES } from "../src/engine/node-engines.ts";
import { upscaleRgba } from "../src/engine/upscale-rgba.ts";

/** Makes the pictures of README and docs/quality.md: crops by bicubic, by SSIU and in truth, and prints a row for each. */
interface Comparison {
  /** A sample of src/web/samples. */
  readonly name: string;
  readonly scale: 2 | 4;
  /** What is shown, in pixels of the sample: left, top; 80x60 each. */
  readonly at: readonly [left: number, top: number];
  /** The sample is stored so first, as JPEG 4:2:0. */
  readonly jpeg?: number;
  readonly variants: readonly Variant[];
}

const COMPARISONS: readonly Comparison[] = [
  { name: "scene.png", scale: 4, at: [56, 30], variants: ["clean"] },
  { name: "lines.png", scale: 4, at: [130, 20], variants: ["clean"] },
  { name: "text.png", scale: 4, at: [12, 84], variants: ["clean", "web"] },
  { name: "harbour.webp", scale: 2, at: [60, 60], variants: ["web"] },
  { name: "landscape.jpg", scale: 2, at: [90, 40], variants: ["web"] },
  { name: "scene.png", scale: 2, at: [56, 30], jpeg: 50, variants: ["clean", "web"] },
  { name: "text.png", scale: 2, at: [12, 84], jpeg: 75, variants: ["clean", "web"] },
  { name: "harbour.webp", scale: 2, at: [60, 60], jpeg: 75, variants: ["clean", "web"] },
  { name: "chart.png", scale: 4, at: [130, 14], variants: ["clean", "web"] },
  { name: "screen.png", scale: 4, at: [83, 108], variants: ["clean", "web"] },
];
const CROP = { width: 80, height: 60 };

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const images = path("../docs/images");
const truths = await mkdtemp(join(tmpdir(), "ssiu-truth-"));
await mkdir(images, { recursive: true });
const names = new Set(COMPARISONS.map(({ name }) => name));
execFileSync("npx", ["tsx", path("render-samples.ts"), ...names, "--truth", truths]);

const { engine, tiling } = await ENGINES.simd();
for (const { name, scale, at, jpeg, variants } of COMPARISONS) {
  const stem = name.replace(/\.\w+$/, "");
  const source = await read(path(`../src/web/samples/${name}`), jpeg);
  const truth = await read(join(truths, `x${scale}`, `${stem}.png`));
  const made: Record<string, Rgb> = { bicubic: resize(source, truth) };
  for (const variant of variants) {
    made[variant] = splitAlpha(await upscaleRgba(engine, joinAlpha(source), scale, { tiling, variant })).rgb;
  }
  const prefix = `${stem}-x${scale}${jpeg === undefined ? "" : `-jpeg${jpeg}`}`;
  for (const [kind, image] of Object.entries({ ...made, truth })) {
    const [left, top] = at.map((side) => scale * side);
    await raw(image)
      .extract({ left: left ?? 0, top: top ?? 0, width: scale * CROP.width, height: scale * CROP.height })
      .resize({ width: 4 * CROP.width, kernel: "nearest" })
      .webp({ quality: 92, smartSubsample: true })
      .toFile(join(images, `${prefix}-${kind}.webp`));
  }
  const decibels = Object.entries(made).map(([kind, image]) => `${kind} ${psnr(image, truth, scale).toFixed(2)} dB`);
  console.log(`${prefix}: ${decibels.join(", ")}`);
}
await rm(truths, { recursive: true });

async function read(file: string, jpeg?: number): Promise<Rgb> {
  const plain = sharp(await readFile(file))
    .removeAlpha()
    .toColourspace("srgb");
  const stored = jpeg === undefined ? plain : sharp(await plain.jpeg({ quality: jpeg }).toBuffer());
  const { data, info } = await stored.raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8ClampedArray(data) };
}

function raw({ width, height, data }: Rgb) {
  return sharp(data, { raw: { width, height, channels: 3 } });
}
