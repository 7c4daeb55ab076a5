import { stat } from "node:fs/promises";
import { type Command, Option } from "commander";
import * as z from "zod";
import { expected, ServiceError } from "../core/errors.ts";
import { FORMATS, type Format } from "../core/image.ts";
import { parseTransform, type Transform } from "../core/transform.ts";
import type { FindModel } from "../engine/models.ts";
import { readManifest } from "../engine/node-engines.ts";
import { render } from "../service/render.ts";
import { planForSharp } from "../service/render-plan.ts";
import { parsedBy } from "../service/settings.ts";
import { createStopwatch } from "../service/stopwatch.ts";
import { type EngineFor, openEngine } from "./engines.ts";
import { ENGINE_HELP, EngineOption, expecting, ModelOption, PIPE, QualityOption, ScaleOption } from "./options.ts";
import { decodePicture, encode, formatOf, readPicture } from "./picture-file.ts";
import { createPlaces, type Places } from "./places.ts";
import { createProgress } from "./progress.ts";
import { report } from "./reason.ts";
import { checkWritable, writeResult } from "./result-file.ts";

const UNLIMITED = { inputPixels: Infinity, outputPixels: Infinity, avifPixels: Infinity, jpegScans: Infinity };

const formats = "png, jpeg, webp or avif";
const name = "an existing folder, - or a name ending in .png, .jpg, .webp or .avif";

const Options = z
  .strictObject({
    inputs: z.array(z.string()).nonempty({ error: "Expected IN and OUT, got one name only" }),
    output: z
      .string()
      .refine((path) => path !== PIPE || !process.stdout.isTTY, "Expected a file or a pipe for OUT, got a terminal"),
    isFolder: z.boolean(),
    format: z
      .enum([...FORMATS, "jpg"], { error: expecting(formats, "--format") })
      .transform((format) => (format === "jpg" ? "jpeg" : format))
      .optional(),
    scale: ScaleOption.optional(),
    model: ModelOption.optional(),
    engine: EngineOption,
    quality: QualityOption("--quality").optional(),
    anim: z.boolean(),
    ops: parsedBy(parseOps, "--ops").optional(),
    json: z.boolean().default(false),
  })
  .transform(({ scale, model, format, quality, anim, ops, ...others }, context) => {
    const transform = ops ?? (scale && { scale, model, format, quality, anim: anim ? undefined : (false as const) });
    if (transform) return { ...others, transform };
    context.addIssue("Expected --scale or --ops, got neither");
    return z.NEVER;
  })
  .refine(({ inputs, isFolder }) => isFolder || inputs.length === 1, {
    error: ({ input }) => expected("an existing folder", "OUT, of several pictures", Object(input).output),
  })
  .refine(({ inputs, isFolder }) => !(isFolder && inputs.includes(PIPE)), {
    error: "Expected a name for the result of stdin, got a folder",
  })
  .refine(
    ({ output, isFolder, transform }) =>
      isFolder || output === PIPE || formatOf(output) || (transform.format && output),
    { error: ({ input }) => expected(name, "OUT", Object(input).output) },
  );
type Options = z.infer<typeof Options>;

/** @throws {ServiceError} `invalid_transform`, also for ops that make no picture. */
function parseOps(text: string): Transform & { readonly format?: Format | undefined } {
  if (/(^|,)preset=/.test(text)) throw new ServiceError("invalid_transform", expected("no preset", "--ops", text));
  const { format, onerror, ...transform } = parseTransform(text);
  if (format === "auto" || format === "json") {
    throw new ServiceError("invalid_transform", expected(formats, "format in --ops", format));
  }
  if (onerror) throw new ServiceError("invalid_transform", expected("nothing", "onerror in --ops", onerror));
  return { ...transform, format };
}

/** Adds `ssiu upscale IN... OUT`. */
export function addUpscale(program: Command): void {
  program
    .command("upscale")
    .usage("[options] <IN...> <OUT>")
    .description(
      "upscale a picture to the file OUT, or several into the folder OUT under their own names; an existing file is replaced, " +
        "unless it is one of IN. With - as OUT the picture goes to stdout, and messages to stderr",
    )
    .argument("<IN...>", "PNG, JPEG, WebP, AVIF or GIF files; - is stdin")
    .option("--scale <factor>", "2, 3 or 4; this or --ops is required")
    .option("--model <name>", "clean, or web for compressed pictures and drawings (default: chosen from the picture)")
    .option("--quality <number>", "1 to 100; no effect on PNG")
    .option("--format <name>", `${formats} (default: OUT's extension; for - and in a folder, IN's format)`)
    .option("--no-anim", "take the first frame of an animation; otherwise it is refused")
    .addOption(
      new Option(
        "--ops <ops>",
        "the ops of a URL, such as width=800,height=600,fit=cover, instead of the options above",
      ).conflicts(["scale", "model", "quality", "format", "anim"]),
    )
    .option("--engine <name>", ENGINE_HELP, "simd")
    .option("--json", "print each result as a line of JSON")
    .action(async ([...inputs]: string[], options) => {
      const output = inputs.pop() ?? "";
      const isFolder = output !== PIPE && ((await stat(output).catch(() => undefined))?.isDirectory() ?? false);
      await upscale(Options.parse({ inputs, output, isFolder, ...options }));
    });
}

async function upscale(options: Options): Promise<void> {
  const { inputs, output, isFolder, transform } = options;
  const findModel = await readManifest();
  const engineFor = await openEngine(options.engine);
  const format = transform.format ?? (isFolder ? undefined : formatOf(output));
  const places = await createPlaces(inputs, { output, isFolder });
  for (const input of inputs) {
    // If one fails, the others are made nevertheless.
    await upscaleOne(
      input,
      { ...options, transform: { ...transform, format } },
      { findModel, engineFor, places },
    ).catch((error) => {
      process.exitCode = report(error);
    });
  }
}

interface Means {
  readonly findModel: FindModel;
  readonly engineFor: EngineFor;
  readonly places: Places;
}

/** Makes a result in the Worker's steps, but without its limits. */
async function upscaleOne(input: string, options: Options, { findModel, engineFor, places }: Means): Promise<void> {
  const { transform } = options;
  const started = performance.now();
  const file = await readPicture(input, transform);
  const plan = planForSharp(file.header, transform, { limits: UNLIMITED, findModel });
  const output = await places.find(input, plan.format);
  await checkWritable(output, plan.canvas);
  const progress = createProgress("tiles");
  const codecs = { encode, decode: () => decodePicture(file) };
  const renderer = { ...engineFor(plan.region), codecs, onTile: progress.update };
  const source = { bytes: file.bytes, probe: file.header, transform, plan };
  const stopwatch = createStopwatch(() => performance.now());
  const result = await render(renderer, source, stopwatch).finally(progress.stop);
  await writeResult(output, result.bytes);
  await places.fill(output);
  const ms = Math.round(performance.now() - started);
  const { scale, region, canvas } = plan;
  const facts = { model: result.model, bytes: result.bytes.length, ms };
  const text = `${input} ${region.width}x${region.height} -> ${output} ${canvas.width}x${canvas.height}, ${facts.model}, ${facts.bytes} bytes, ${ms} ms`;
  const json = { input, output, scale, engine: options.engine, ...canvas, ...facts };
  const print = output === PIPE ? console.error : console.log;
  print(options.json ? JSON.stringify(json) : text);
}
