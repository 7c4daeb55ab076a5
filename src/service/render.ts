import type { Codecs } from "../codecs/codec.ts";
import { bleedColours, flatten, isOpaque } from "../core/alpha.ts";
import { cut, pad } from "../core/canvas.ts";
import type { Format, Rgba } from "../core/image.ts";
import type { Probe } from "../core/probe/probe-result.ts";
import { resizeRgba } from "../core/resample-rgba.ts";
import type { ResizePlan } from "../core/resize-plan.ts";
import type { Transform } from "../core/transform.ts";
import type { Engine } from "../engine/engine.ts";
import type { UpscaleOptions } from "../engine/upscale.ts";
import { enlarge } from "./enlarge.ts";
import type { RenderPlan } from "./render-plan.ts";
import type { Stopwatch } from "./stopwatch.ts";

/** What turns bytes into pixels and pixels into pixels, and how large the tiles are. */
export interface Renderer extends UpscaleOptions {
  readonly codecs: Codecs;
  readonly engine: Engine;
}

/** A source whose header is within the limits, and what to make of it. */
export interface PlannedSource {
  readonly bytes: Uint8Array;
  readonly probe: Probe;
  readonly transform: Transform;
  readonly plan: RenderPlan;
}

/** An encoded picture and what made it. */
export interface Rendered {
  readonly bytes: Uint8Array;
  /** Id of the model that made it; "none" without one. */
  readonly model: string;
}

/** The source's bytes -> the result's bytes, right here. */
export async function render(
  { codecs, engine, ...tiles }: Renderer,
  { bytes, probe, transform, plan }: PlannedSource,
  stopwatch: Stopwatch,
): Promise<Rendered> {
  const { scale, region, canvas, format, models } = plan;
  const background = backgroundOf(format, transform);
  const { image: decoded, icc } = await stopwatch.time("decode", codecs.decode(bytes, probe));
  const source = background ? flatten(decoded, background) : decoded;
  const part = { bytes, probe, origin: region, image: cut(source, region) };
  const enlarged =
    scale === 1
      ? { image: part.image, model: "none" }
      : await stopwatch.time("upscale", enlarge(engine, part, { scale, models, ...tiles }));
  const result = pad(resized(enlarged.image, plan), canvas, background ? [...background, 255] : [0, 0, 0, 0]);
  // A lossy encoder would spend bytes on edges between invisible colours, and blur what is beside them.
  const image = format === "png" || isOpaque(result) ? result : bleedColours(result);
  const encoded = await stopwatch.time("encode", codecs.encode({ image, icc }, format, transform));
  return { bytes: encoded, model: enlarged.model };
}

/** The upscaled region -> the window, at its size. */
function resized(image: Rgba, { scale, region, window, size }: ResizePlan): Rgba {
  // The window is then the whole picture.
  if (image.width === size.width && image.height === size.height) return image;
  const seen = {
    x: scale * (window.x - region.x),
    y: scale * (window.y - region.y),
    width: scale * window.width,
    height: scale * window.height,
  };
  // The network's result has no finer detail than the source, so linear light matters only below the source's size.
  const light = size.width * size.height < window.width * window.height;
  return resizeRgba(image, { window: seen, ...size, light });
}

/** [r, g, b]. */
type Colour = readonly [number, number, number];

/** What replaces transparency; undefined if the result can be transparent and no colour was asked for. */
function backgroundOf(format: Format, { background }: Transform): Colour | undefined {
  if (format !== "jpeg" && background === undefined) return undefined;
  const rgb = Number.parseInt(background ?? "ffffff", 16);
  return [rgb >> 16, (rgb >> 8) & 255, rgb & 255];
}
