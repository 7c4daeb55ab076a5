import type { Point, Rgba, Scale } from "../core/image.ts";
import { jpegBlocks } from "../core/jpeg-blocks.ts";
import { makeConsistent } from "../core/jpeg-consistency.ts";
import type { Probe } from "../core/probe/probe-result.ts";
import type { Engine } from "../engine/engine.ts";
import type { UpscaleOptions } from "../engine/upscale.ts";
import { upscaleRgba } from "../engine/upscale-rgba.ts";
import { type ModelChoice, settleModel } from "./model-choice.ts";

/** A decoded picture or a part of it, and what it was decoded from. */
interface Part {
  readonly image: Rgba;
  /** Where the part begins in the picture as it is shown; at its top left corner by default. */
  readonly origin?: Point;
  readonly bytes: Uint8Array;
  readonly probe: Probe;
}

/** How a part is enlarged. */
interface EnlargeOptions extends UpscaleOptions {
  readonly scale: Scale;
  /** Absent where the engine is no network. */
  readonly models: ModelChoice | undefined;
}

/** For an engine that is no network and ignores the variant. */
const NO_MODEL = { id: "none", variant: "clean", alphaVariant: undefined } as const;

/** [h, w, 4] -> [s*h, s*w, 4] by the model that suits the pixels, and its id, "none" without a model. */
export async function enlarge(
  engine: Engine,
  { image, origin = { x: 0, y: 0 }, bytes, probe }: Part,
  { scale, models, ...options }: EnlargeOptions,
): Promise<{ readonly image: Rgba; readonly model: string }> {
  const { id, variant, alphaVariant } = models ? settleModel(models, image) : NO_MODEL;
  const upscaled = await upscaleRgba(engine, image, { scale, variant }, { ...options, alphaVariant });
  const blocks = models && jpegBlocks(bytes, probe, origin);
  if (blocks) makeConsistent(upscaled, image, blocks);
  return { image: upscaled, model: id };
}
