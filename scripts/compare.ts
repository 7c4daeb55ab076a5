import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp, { type Sharp } from "sharp";
import { decodePicture } from "../src/cli/picture-file.ts";
import { splitAlpha } from "../src/core/alpha.ts";
import { type Rgb, type Rgba, VARIANTS } from "../src/core/image.ts";
import { psnr } from "../src/core/metrics.ts";
import { probe } from "../src/core/probe/probe.ts";
import { resize } from "../src/core/resample.ts";
import { ENGINES, readManifest } from "../src/engine/node-engines.ts";
import { enlarge } from "../src/service/enlarge.ts";
import { chooseModels } from "../src/service/model-choice.ts";

/** Makes the pictures of README and docs/quality.md: crops of bicubic, SSIU and the truth. Prints a row for each. */
interface Comparison {
  /** A sample of src/web/samples. */
  readonly name: string;
  readonly scale: 2 | 4;
  /** Top left corner of the 80x60 px of the sample that are shown. */
  readonly at: readonly [left: number, top: number];
  /** How the sample is stored first: as JPEG 4:2:0 of a quality, or without loss but with noise of a sigma, 0..255. */
  readonly change?: readonly [kind: keyof typeof CHANGES, amount: number];
  /** Also shows what `clean` makes of it, beside the Worker's choice. */
  readonly clean?: true;
}

const CHANGES = { jpeg: (picture: Sharp, quality: number) => picture.jpeg({ quality }), noise: noisy };

const COMPARISONS: readonly Comparison[] = [
  { name: "scene.png", scale: 4, at: [56, 30] },
  { name: "lines.png", scale: 4, at: [130, 20] },
  { name: "text.png", scale: 4, at: [12, 84], clean: true },
  { name: "harbour.webp", scale: 2, at: [60, 60] },
  { name: "landscape.jpg", scale: 2, at: [90, 40] },
  { name: "scene.png", scale: 2, at: [56, 30], change: ["jpeg", 50], clean: true },
  { name: "text.png", scale: 2, at: [12, 84], change: ["jpeg", 75], clean: true },
  { name: "harbour.webp", scale: 2, at: [60, 60], change: ["jpeg", 75], clean: true },
  { name: "scene.png", scale: 2, at: [56, 30], change: ["noise", 8], clean: true },
  { name: "landscape.jpg", scale: 2, at: [90, 40], change: ["noise", 8], clean: true },
  { name: "chart.png", scale: 4, at: [130, 14], clean: true },
  { name: "screen.png", scale: 4, at: [83, 108], clean: true },
];
const CROP = { width: 80, height: 60 };

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const images = path("../docs/images");
const truths = await mkdtemp(join(tmpdir(), "ssiu-truth-"));
await mkdir(images, { recursive: true });
const names = new Set(COMPARISONS.map(({ name }) => name));
execFileSync("npx", ["tsx", path("render-samples.ts"), ...names, "--truth", truths]);

const find = await readManifest();
const { engine, tiling } = await ENGINES.simd();
for (const { name, scale, at, change, clean } of COMPARISONS) {
  const stem = name.replace(/\.\w+$/, "");
  const source = await read(path(`../src/web/samples/${name}`), change);
  const truth = rgbOf(await read(join(truths, `x${scale}`, `${stem}.png`)));
  const made: Record<string, Rgb> = { bicubic: resize(rgbOf(source), truth) };
  for (const asked of clean ? (["clean", undefined] as const) : [undefined]) {
    const models = chooseModels(find, scale, { transform: { model: asked }, source: source.probe });
    const enlarged = await enlarge(engine, source, { scale, models, tiling });
    const variant = VARIANTS.find((variant) => find({ scale, variant }).id === enlarged.model);
    made[variant ?? enlarged.model] = rgbOf(enlarged);
  }
  const prefix = `${stem}-x${scale}${change ? `-${change.join("")}` : ""}`;
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

/** Reads a picture and, if asked to, stores it as JPEG or adds noise. */
async function read(file: string, [kind, amount = 0]: Comparison["change"] | readonly [] = []) {
  const original = await readFile(file);
  const changed = kind && (await CHANGES[kind](sharp(original).removeAlpha(), amount));
  const bytes = new Uint8Array(changed ? await changed.toBuffer() : original);
  const header = probe(bytes);
  const { image } = await decodePicture({ path: file, bytes, header });
  return { bytes, probe: header, image };
}

/** Adds Gaussian noise that differs between colours and is the same each time. */
async function noisy(picture: Sharp, sigma: number): Promise<Sharp> {
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const gaussian = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return sharp(
    Uint8ClampedArray.from(data, (value) => value + sigma * gaussian()),
    { raw: info },
  ).png();
}

function rgbOf({ image }: { readonly image: Rgba }): Rgb {
  return splitAlpha(image).rgb;
}

function raw({ width, height, data }: Rgb) {
  return sharp(data, { raw: { width, height, channels: 3 } });
}
