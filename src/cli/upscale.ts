import type { Command } from "commander";
import * as z from "zod";
import { expected } from "../core/errors.ts";
import { FORMATS } from "../core/image.ts";
import { ENGINES, readManifest } from "../engine/node-engines.ts";
import { upscaleRgba } from "../engine/upscale-rgba.ts";
import { candidateModels, chooseModels, settleModel } from "../service/model-choice.ts";
import { ENGINE_HELP, EngineOption, expecting, ModelOption, ScaleOption } from "./options.ts";
import { decodePicture, formatOf, PIPE, readPicture } from "./picture-file.ts";
import { createProgress } from "./progress.ts";
import { checkWritable, writePicture } from "./result-file.ts";

const quality = "1 to 100";
const formats = "png, jpeg, webp or avif";
const name = "- or a name ending in .png, .jpg, .webp or .avif";

const Options = z
  .strictObject({
    input: z.string(),
    output: z
      .string()
      .refine((path) => path !== PIPE || !process.stdout.isTTY, "Expected a file or a pipe for OUT, got a terminal"),
    format: z
      .enum([...FORMATS, "jpg"], { error: expecting(formats, "--format") })
      .transform((format) => (format === "jpg" ? "jpeg" : format))
      .optional(),
    scale: ScaleOption,
    model: ModelOption.optional(),
    engine: EngineOption,
    quality: z
      .string()
      .regex(/^([1-9]\d?|100)$/, { error: expecting(quality, "--quality") })
      .transform(Number)
      .optional(),
    anim: z.boolean(),
    json: z.boolean().default(false),
  })
  .refine(({ output, format }) => output === PIPE || formatOf(output) || (format && output), {
    error: ({ input }) => expected(name, "OUT", Object(input).output),
  });

/** Adds `ssiu upscale IN OUT`. */
export function addUpscale(program: Command): void {
  program
    .command("upscale")
    .description("upscale one picture; an existing OUT is replaced")
    .argument("<IN>", "a PNG, JPEG, WebP or AVIF file; - is stdin")
    .argument("<OUT>", "the result; - is stdout, and what is printed otherwise goes to stderr")
    .requiredOption("--scale <factor>", "2, 3 or 4")
    .option("--model <name>", "clean, or web, which removes what JPEG and WebP leave behind (default: as IN needs it)")
    .option("--engine <name>", ENGINE_HELP, "simd")
    .option("--quality <number>", `${quality}; PNG has none`)
    .option("--format <name>", `${formats} (default: as OUT's extension says, of - as IN has it)`)
    .option("--no-anim", "take the first frame of an animation, which is refused otherwise")
    .option("--json", "print the result as JSON")
    .action((input, output, options) => upscale(Options.parse({ input, output, ...options })));
}

async function upscale(options: z.infer<typeof Options>): Promise<void> {
  const { input, output, scale } = options;
  const transform = { scale, model: options.model };
  const started = performance.now();
  const file = await readPicture(input, options);
  const format = options.format ?? formatOf(output) ?? file.header.format;
  await checkWritable(output, file, { format, scale });
  const find = await readManifest();
  // Refuses a model that was asked for and is not there, in whose place chooseModels would take another.
  candidateModels(find, transform);
  const source = await decodePicture(file);
  const models = chooseModels(find, scale, { transform, source: file.header });
  const { id, ...variants } = settleModel(models, source.image);
  const { engine, tiling } = await ENGINES[options.engine]();
  const progress = createProgress("tiles");
  const how = { tiling, ...variants, onTile: progress.update };
  const image = await upscaleRgba(engine, source.image, scale, how).finally(progress.stop);
  const bytes = await writePicture(output, { ...source, image }, { format, quality: options.quality });
  const ms = Math.round(performance.now() - started);
  const { width, height } = image;
  const text = `${input} ${source.image.width}x${source.image.height} -> ${output} ${width}x${height}, ${id}, ${bytes} bytes, ${ms} ms`;
  const json = { input, output, scale, model: id, engine: options.engine, width, height, bytes, ms };
  const print = output === PIPE ? console.error : console.log;
  print(options.json ? JSON.stringify(json) : text);
}
