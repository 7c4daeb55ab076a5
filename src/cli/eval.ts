import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import * as z from "zod";
import { joinAlpha, splitAlpha } from "../core/alpha.ts";
import { cut } from "../core/canvas.ts";
import { ServiceError } from "../core/errors.ts";
import type { Rgb, Rgba, Scale, Size, Variant } from "../core/image.ts";
import { psnr, ssim } from "../core/metrics.ts";
import { resize } from "../core/resample.ts";
import { ENGINES, type EngineChoice, readManifest } from "../engine/node-engines.ts";
import { upscaleRgb } from "../engine/upscale.ts";
import { candidateModels } from "../service/model-choice.ts";
import { findPairs, type Pair } from "./benchmark-set.ts";
import { ENGINE_HELP, EngineOption, expecting, ModelOption, ScaleOption } from "./options.ts";
import { decodePicture, readPicture } from "./picture-file.ts";
import { createProgress } from "./progress.ts";
import { writePicture } from "./result-file.ts";

const Options = z.strictObject({
  data: z.string(),
  sets: z
    .string()
    .regex(/^[\w-]+(,[\w-]+)*$/, { error: expecting("names with commas between", "--sets") })
    .transform((names) => names.split(",")),
  scale: ScaleOption,
  model: ModelOption,
  engine: EngineOption,
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

/** The mean over the pictures of a set, and each of them. */
interface SetScore extends Score {
  readonly images: number;
  readonly perImage: readonly (Score & { readonly name: string })[];
}

/** Adds `ssiu eval --data DIR --sets A,B --scale N`. */
export function addEval(program: Command): void {
  program
    .command("eval")
    .description(
      "measure an engine on benchmark sets, bicubic beside it: PSNR and SSIM on Y of BT.601 (16-235), " +
        "8-bit result, border of scale pixels left out, mean over pictures",
    )
    .requiredOption("--data <DIR>", "folder with <Set>/HR and LR_X2 (or LR_bicubic/X2), or one with benchmark/<Set>/…")
    .requiredOption("--sets <names>", "as in Set5,Set14,B100")
    .requiredOption("--scale <factor>", "2, 3 or 4")
    .option("--model <name>", "clean or web, for every picture", "clean")
    .option("--engine <name>", ENGINE_HELP, "simd")
    .option("--out <DIR>", "save the pictures as DIR/<Set>/<name>x<scale>.png")
    .option("--json", "print the scores as JSON")
    .action((options) => evaluate(Options.parse(options)));
}

async function evaluate(options: Options): Promise<void> {
  const { data, scale, model: variant, engine, out } = options;
  const pairs = await Promise.all(options.sets.map((set) => findPairs(data, set, scale)));
  const [model] = candidateModels(await readManifest(), { scale, model: variant });
  const choice = await ENGINES[engine]();
  const progress = createProgress("pictures");
  const total = pairs.flat().length;
  let done = 0;
  const sets: Record<string, SetScore> = {};
  try {
    for (const [i, set] of options.sets.entries()) {
      if (out) await mkdir(join(out, set), { recursive: true });
      const perImage = [];
      for (const pair of pairs[i] ?? []) {
        const { score, result } = await measure(pair, choice, { scale, variant });
        perImage.push({ name: pair.name, ...score });
        if (out) {
          const path = join(out, set, `${pair.name}x${scale}.png`);
          await writePicture(path, { image: joinAlpha(result) }, { format: "png" });
        }
        progress.update(++done, total);
      }
      sets[set] = { ...mean(perImage), images: perImage.length, perImage };
    }
  } finally {
    progress.stop();
  }
  console.log(options.json ? JSON.stringify({ scale, model: model?.id, engine, sets }) : table(sets, options));
}

async function measure(
  pair: Pair,
  { engine, tiling }: EngineChoice,
  { scale, variant }: { scale: Scale; variant: Variant },
): Promise<{ score: Score; result: Rgb }> {
  const { rgb: lr } = splitAlpha(await readImage(pair.lr));
  const size = { width: scale * lr.width, height: scale * lr.height };
  const { rgb: truth } = splitAlpha(corner(await readImage(pair.hr), size, pair.hr));
  const result = await upscaleRgb(engine, lr, scale, { tiling, variant });
  const bicubic = resize(lr, size);
  const score = {
    psnr: psnr(result, truth, scale),
    ssim: ssim(result, truth, scale),
    bicubicPsnr: psnr(bicubic, truth, scale),
    bicubicSsim: ssim(bicubic, truth, scale),
  };
  return { score, result };
}

async function readImage(path: string): Promise<Rgba> {
  return (await decodePicture(await readPicture(path))).image;
}

/** Top left corner: the LR picture was made from it. */
function corner(image: Rgba, { width, height }: Size, name: string): Rgba {
  if (image.width < width || image.height < height) {
    const message = `Expected at least ${width}x${height} for ${name}, got ${image.width}x${image.height}`;
    throw new ServiceError("undecodable_image", message);
  }
  return cut(image, { x: 0, y: 0, width, height });
}

function mean(scores: readonly Score[]): Score {
  const of = (pick: (score: Score) => number) => scores.reduce((sum, score) => sum + pick(score), 0) / scores.length;
  return {
    psnr: of((score) => score.psnr),
    ssim: of((score) => score.ssim),
    bicubicPsnr: of((score) => score.bicubicPsnr),
    bicubicSsim: of((score) => score.bicubicSsim),
  };
}

function table(sets: Readonly<Record<string, SetScore>>, { scale, model, engine }: Options): string {
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
      `${`${set} ${weights}, ${engine}`.padEnd(24)}    PSNR    SSIM   bicubic    SSIM`,
      ...score.perImage.map((image) => row(image.name, image)),
      row(`mean of ${score.images}`, score),
    ])
    .join("\n");
}
