import { join } from "node:path";
import type { Command } from "commander";
import sharp from "sharp";
import * as z from "zod";
import { splitAlpha } from "../core/alpha.ts";
import { cut } from "../core/canvas.ts";
import { ServiceError } from "../core/errors.ts";
import type { Rgba, Scale, Size } from "../core/image.ts";
import { psnr, ssim } from "../core/metrics.ts";
import { probe } from "../core/probe/probe.ts";
import { resize } from "../core/resample.ts";
import { readManifest } from "../engine/node-engines.ts";
import { enlarge } from "../service/enlarge.ts";
import { chooseModels, type ModelChoice } from "../service/model-choice.ts";
import { findPairs, type Pair } from "./benchmark-set.ts";
import { type EngineFor, openEngine } from "./engines.ts";
import { ENGINE_HELP, EngineOption, expecting, ModelOption, QualityOption, ScaleOption } from "./options.ts";
import { decodePicture, encode, type PictureFile, readPicture } from "./picture-file.ts";
import { createProgress } from "./progress.ts";
import { makeFolder, writeResult } from "./result-file.ts";

const Options = z.strictObject({
  data: z.string(),
  sets: z
    .string()
    .regex(/^[\w-]+(,[\w-]+)*$/, { error: expecting("names with commas between", "--sets") })
    .transform((names) => names.split(",")),
  scale: ScaleOption,
  model: ModelOption,
  engine: EngineOption,
  jpeg: QualityOption("--jpeg").optional(),
  out: z.string().optional(),
  json: z.boolean().default(false),
});
type Options = z.infer<typeof Options>;

interface Score {
  readonly psnr: number;
  readonly ssim: number;
  readonly bicubicPsnr: number;
  readonly bicubicSsim: number;
}

/** The mean over the pictures of a set, and the score of each. */
interface SetScore extends Score {
  readonly images: number;
  readonly perImage: readonly (Score & { readonly name: string })[];
}

/** Adds `ssiu eval --data DIR --sets A,B --scale N`. */
export function addEval(program: Command): void {
  program
    .command("eval")
    .description(
      "measure an engine and bicubic interpolation on benchmark sets: PSNR and SSIM on Y of BT.601 (16-235), " +
        "8-bit result, without a border of scale pixels, mean over pictures",
    )
    .requiredOption("--data <DIR>", "folder with <Set>/HR and LR_X2 (or LR_bicubic/X2), or one with benchmark/<Set>/…")
    .requiredOption("--sets <names>", "as in Set5,Set14,B100")
    .requiredOption("--scale <factor>", "2, 3 or 4 (required)")
    .option("--model <name>", "clean or web, for every picture", "clean")
    .option("--engine <name>", ENGINE_HELP, "simd")
    .option("--jpeg <quality>", "first store the pictures as JPEG 4:2:0 of this quality, 1 to 100")
    .option("--out <DIR>", "save the pictures as DIR/<Set>/<name>x<scale>.png")
    .option("--json", 'print the scores as JSON; the PSNR of equal pictures is "Infinity"')
    .action((options) => evaluate(Options.parse(options)));
}

async function evaluate(options: Options): Promise<void> {
  const { data, scale, model: variant, engine, jpeg, out } = options;
  const pairs = await Promise.all(options.sets.map((set) => findPairs(data, set, scale)));
  if (out) for (const set of options.sets) await makeFolder(join(out, set));
  const find = await readManifest();
  const models = chooseModels(find, scale, { transform: { model: variant }, source: { lossy: jpeg !== undefined } });
  const engineFor = await openEngine(engine);
  const progress = createProgress("pictures");
  const total = pairs.flat().length;
  let done = 0;
  const sets: Record<string, SetScore> = {};
  try {
    for (const [i, set] of options.sets.entries()) {
      const perImage = [];
      for (const pair of pairs[i] ?? []) {
        const { score, image } = await measure(pair, engineFor, { scale, models, jpeg });
        perImage.push({ name: pair.name, ...score });
        if (out) await writeResult(join(out, set, `${pair.name}x${scale}.png`), await encode({ image }, "png"));
        progress.update(++done, total);
      }
      sets[set] = { ...mean(perImage), images: perImage.length, perImage };
    }
  } finally {
    progress.stop();
  }
  const json = { scale, model: find({ scale, variant }).id, engine, jpeg, sets };
  // JSON has no Infinity and writes null, which would count as none or 0. ProtoJSON writes it as this text.
  const said = (_: string, value: unknown) => (value === Number.POSITIVE_INFINITY ? "Infinity" : value);
  console.log(options.json ? JSON.stringify(json, said) : table(sets, options));
}

interface MeasureOptions {
  readonly scale: Scale;
  readonly models: ModelChoice;
  readonly jpeg: number | undefined;
}

async function measure(
  pair: Pair,
  engineFor: EngineFor,
  { scale, models, jpeg }: MeasureOptions,
): Promise<{ score: Score; image: Rgba }> {
  const stored = await readPicture(pair.lr);
  const file = jpeg === undefined ? stored : await asJpeg(stored, jpeg);
  const { image: source } = await decodePicture(file);
  const size = { width: scale * source.width, height: scale * source.height };
  const { image: high } = await decodePicture(await readPicture(pair.hr));
  const part = { bytes: file.bytes, probe: file.header, image: source };
  const { engine, ...tiles } = engineFor(source);
  const { image } = await enlarge(engine, part, { scale, models, ...tiles });
  const { rgb: truth } = splitAlpha(corner(high, size, pair.hr));
  const { rgb: result } = splitAlpha(image);
  const bicubic = resize(splitAlpha(source).rgb, size);
  const score = {
    psnr: psnr(result, truth, scale),
    ssim: ssim(result, truth, scale),
    bicubicPsnr: psnr(bicubic, truth, scale),
    bicubicSsim: ssim(bicubic, truth, scale),
  };
  return { score, image };
}

/** Stores a picture as libjpeg, and so most programs, do by default. */
async function asJpeg(file: PictureFile, quality: number): Promise<PictureFile> {
  const { width, height, data } = (await decodePicture(file)).image;
  const pixels = sharp(data, { raw: { width, height, channels: 4 } }).removeAlpha();
  const bytes = new Uint8Array(await pixels.jpeg({ quality, chromaSubsampling: "4:2:0" }).toBuffer());
  return { path: file.path, bytes, header: probe(bytes) };
}

/** The top left corner, from which the LR picture was made. */
function corner(image: Rgba, { width, height }: Size, name: string): Rgba {
  if (image.width < width || image.height < height) {
    const message = `Expected at least ${width}x${height} for ${name}, got ${image.width}x${image.height}`;
    throw new ServiceError("undecodable_image", message);
  }
  return cut(image, { x: 0, y: 0, width, height });
}

function mean(scores: readonly Score[]): Score {
  const of = (name: keyof Score) => scores.reduce((sum, score) => sum + score[name], 0) / scores.length;
  return { psnr: of("psnr"), ssim: of("ssim"), bicubicPsnr: of("bicubicPsnr"), bicubicSsim: of("bicubicSsim") };
}

function table(sets: Readonly<Record<string, SetScore>>, { scale, model, engine, jpeg }: Options): string {
  const weights = model === "clean" ? `x${scale}` : `x${scale}-${model}`;
  const row = (name: string, score: Score) =>
    [
      name.padEnd(24),
      score.psnr.toFixed(3).padStart(8),
      score.ssim.toFixed(4).padStart(8),
      score.bicubicPsnr.toFixed(3).padStart(10),
      score.bicubicSsim.toFixed(4).padStart(8),
    ].join("");
  return Object.entries(sets)
    .flatMap(([set, score]) => [
      `${`${set}${jpeg ? `, JPEG ${jpeg}` : ""} ${weights}, ${engine}`.padEnd(24)}    PSNR    SSIM   bicubic    SSIM`,
      ...score.perImage.map((image) => row(image.name, image)),
      row(`mean of ${score.images}`, score),
    ])
    .join("\n");
}
