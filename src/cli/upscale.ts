import type { Command } from "commander";
import * as z from "zod";
import { ENGINES } from "../engine/node-engines.ts";
import { upscaleRgba } from "../engine/upscale.ts";
import { ENGINE_HELP, EngineOption, expecting, ScaleOption } from "./options.ts";
import { checkWritable, formatOf, readPicture, writePicture } from "./picture-file.ts";
import { createProgress } from "./progress.ts";

const quality = "1 to 100";

const Options = z.strictObject({
  input: z.string(),
  output: z.string().refine(formatOf, { error: expecting("a name ending in .png, .jpg, .webp or .avif", "OUT") }),
  scale: ScaleOption,
  engine: EngineOption,
  quality: z
    .string()
    .regex(/^([1-9]\d?|100)$/, { error: expecting(quality, "--quality") })
    .transform(Number)
    .optional(),
  json: z.boolean().default(false),
});

/** Adds `ssiu upscale IN OUT`. */
export function addUpscale(program: Command): void {
  program
    .command("upscale")
    .description("upscale one picture; an existing OUT is replaced")
    .argument("<IN>", "a PNG, JPEG, WebP or AVIF file")
    .argument("<OUT>", "the result; its extension says the format")
    .requiredOption("--scale <factor>", "2, 3 or 4")
    .option("--engine <name>", ENGINE_HELP, "simd")
    .option("--quality <number>", `${quality}; PNG has none`)
    .option("--json", "print the result as JSON")
    .action((input, output, options) => upscale(Options.parse({ input, output, ...options })));
}

async function upscale(options: z.infer<typeof Options>): Promise<void> {
  const { input, output, scale } = options;
  const started = performance.now();
  const source = await readPicture(input);
  await checkWritable(output);
  const { engine, tiling } = await ENGINES[options.engine]();
  const progress = createProgress("tiles");
  const image = await upscaleRgba(engine, source.image, scale, { tiling, onTile: progress.update }).finally(
    progress.stop,
  );
  const bytes = await writePicture(output, { ...source, image }, options.quality ? { quality: options.quality } : {});
  const ms = Math.round(performance.now() - started);
  const { width, height } = image;
  const text = `${input} ${source.image.width}x${source.image.height} -> ${output} ${width}x${height}, ${bytes} bytes, ${ms} ms`;
  const json = { input, output, scale, engine: options.engine, width, height, bytes, ms };
  console.log(options.json ? JSON.stringify(json) : text);
}
