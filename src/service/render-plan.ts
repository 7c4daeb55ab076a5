import { resultFormat } from "../core/accept.ts";
import { ServiceError } from "../core/errors.ts";
import { type Format, MAX_SIDE, type Size, type SourceFormat } from "../core/image.ts";
import { uprightSize } from "../core/orient.ts";
import type { Probe } from "../core/probe/probe-result.ts";
import { planResize, type ResizePlan } from "../core/resize-plan.ts";
import { networkPixels } from "../core/tiles.ts";
import type { Transform } from "../core/transform.ts";
import type { FindModel } from "../engine/models.ts";
import { chooseModels, type ModelChoice } from "./model-choice.ts";

/** How a result is made, as far as it follows from the transform and the source's header. */
export interface RenderPlan extends ResizePlan {
  readonly format: Format;
  /** Absent at x1. */
  readonly models?: ModelChoice | undefined;
}

/** How large a picture may be. */
export interface PictureLimits {
  /** Of the source, as stored. */
  readonly inputPixels: number;
  readonly outputPixels: number;
  /** Of a source or result in AVIF, whose codec takes several times the memory of the others. */
  readonly avifPixels: number;
  /** A JPEG of many scans is decoded once for each of them. */
  readonly jpegScans: number;
}

/** Padding to 16 px costs at most this factor for a picture near the limits that is no strip; for a thin one it would be up to 16. */
const THIN = 1.25;

/** Longest side of a source in px, as in JPEG and GIF. A kernel that shrinks a side to 1 px takes six weights for each of its pixels. */
const MAX_SOURCE_SIDE = 65_535;

export interface PlanOptions {
  readonly limits: PictureLimits;
  readonly findModel: FindModel;
}

/**
 * Plans from the header alone. Refuses what would not fit into memory or into its format, and what no codec here
 * can read.
 *
 * @throws {ServiceError} `image_too_large`, `unsupported_format`
 */
export function planRender(source: Probe, transform: Transform, { limits, findModel }: PlanOptions): RenderPlan {
  const resize = planResize(uprightSize(source), transform);
  const { scale, region, canvas } = resize;
  const most = (format: SourceFormat, limit: number) =>
    format === "avif" ? Math.min(limit, limits.avifPixels) : limit;
  const largest = (format: Format) => most(format, limits.outputPixels);
  const side = Math.max(canvas.width, canvas.height);
  const fits = (candidate: Format) => pixels(canvas) <= largest(candidate) && side <= MAX_SIDE[candidate];
  const format = resultFormat(transform, source, fits);

  atMost(
    most(source.format, limits.inputPixels),
    pixels(source),
    "pixels",
    `source (${source.width}x${source.height})`,
  );
  atMost(MAX_SOURCE_SIDE, Math.max(source.width, source.height), "px", "a side of the source");
  if (scale > 1) {
    const name = `source (${region.width}x${region.height} in steps of 16 px, as the network computes)`;
    atMost(Math.floor(THIN * limits.inputPixels), networkPixels(region), "pixels", name);
  }
  atMost(limits.outputPixels, pixels(region) * scale ** 2, "pixels", `source at x${scale}`);
  atMost(largest(format), pixels(canvas), "pixels", `result (${canvas.width}x${canvas.height}, ${format})`);
  checkStorable(canvas, format);
  atMost(limits.jpegScans, source.scans, "scans", "progressive JPEG");
  if (source.unsupported !== undefined) {
    throw new ServiceError("unsupported_format", `The source cannot be decoded here: ${source.unsupported}`);
  }
  if (source.frames > 1 && transform.anim !== false) {
    const detail = { limit: 1, actual: source.frames, unit: "frames" };
    const message = `Expected a still picture for source, got ${source.frames} frames; anim=false takes the first`;
    throw new ServiceError("unsupported_format", message, { detail });
  }
  return { ...resize, format, models: scale === 1 ? undefined : chooseModels(findModel, scale, { transform, source }) };
}

/** {@link planRender} where sharp decodes: it may read what the Worker's codecs cannot. */
export function planForSharp(
  { unsupported, ...readable }: Probe,
  transform: Transform,
  options: PlanOptions,
): RenderPlan {
  return planRender(readable, transform, options);
}

function pixels({ width, height }: Size): number {
  return width * height;
}

function atMost(limit: number, actual: number, unit: string, name: string): void {
  if (actual <= limit) return;
  const message = `Expected at most ${limit} ${unit} for ${name}, got ${actual}`;
  throw new ServiceError("image_too_large", message, { detail: { limit, actual, unit } });
}

/** @throws {ServiceError} `image_too_large` if the format cannot store a picture of this size. */
function checkStorable({ width, height }: Size, format: Format): void {
  const [limit, actual] = [MAX_SIDE[format], Math.max(width, height)];
  if (actual <= limit) return;
  const message = `Expected a picture of at most ${limit} px a side for ${format}, got ${width}x${height}`;
  throw new ServiceError("image_too_large", message, { detail: { limit, actual, unit: "px" } });
}
