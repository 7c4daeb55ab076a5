import { ServiceError } from "../core/errors.ts";
import type { Probe } from "../core/probe/probe-result.ts";
import type { Transform } from "../core/transform.ts";
import type { FindModel } from "../engine/models.ts";
import { type PictureLimits, planForSharp, planRender, type RenderPlan } from "../service/render-plan.ts";
import type { Limits } from "./config.ts";

/** Engine name of a result that the origin made. */
export const ORIGIN_ENGINE = "origin";

/** Where a result is computed. */
export type Place = "edge" | "origin";

/** The limits that come with an origin. */
export interface OriginLimits extends Omit<PictureLimits, "jpegScans"> {
  /** Pixels of a source as stored; the origin takes larger ones. */
  readonly edgeInputPixels: number;
}

/** The limits of the isolate, and those that come with an origin if there is one. */
export interface PlaceLimits {
  readonly limits: Limits;
  readonly origin: OriginLimits | undefined;
}

/** Where a result is made, and how. */
interface Placed {
  readonly place: Place;
  readonly plan: RenderPlan;
}

/**
 * Chooses the edge for what is small and readable there, the origin for the rest. The choice depends only on the header
 * and the configuration, never on the origin's state, so that a key names one place.
 *
 * @throws {ServiceError} what {@link planRender} refuses
 */
export function choosePlace(
  probe: Probe,
  transform: Transform,
  { limits, origin, findModel }: PlaceLimits & { readonly findModel: FindModel },
): Placed {
  if (origin === undefined) return { place: "edge", plan: planRender(probe, transform, { limits, findModel }) };
  const plan = planIfFits(probe, transform, { limits: edgeShare(limits, origin), findModel });
  if (plan !== undefined) return { place: "edge", plan };
  return { place: "origin", plan: planForSharp(probe, transform, { limits: { ...limits, ...origin }, findModel }) };
}

/**
 * What a result's bytes depend on besides model and transform, as a part of its key: the engine's name; with an origin,
 * the limits that decide between edge and origin; with `format=auto`, the limit for AVIF.
 */
export function engineConfiguration(engine: string, { limits, origin }: PlaceLimits, { format }: Transform): string {
  const parts = [engine];
  if (origin !== undefined) {
    const { inputPixels, outputPixels, avifPixels, jpegScans } = edgeShare(limits, origin);
    parts.push(`(${[inputPixels, outputPixels, avifPixels, jpegScans].join()})+origin`);
  }
  if (format === "auto") {
    const { outputPixels, avifPixels } = origin ?? limits;
    parts.push(`:avif<=${Math.min(outputPixels, avifPixels)}`);
  }
  return parts.join("");
}

function edgeShare(limits: Limits, { edgeInputPixels }: OriginLimits): Limits {
  return { ...limits, inputPixels: Math.min(limits.inputPixels, edgeInputPixels) };
}

/** The plan; undefined if {@link planRender} refuses. */
export function planIfFits(...question: Parameters<typeof planRender>): RenderPlan | undefined {
  try {
    return planRender(...question);
  } catch (error) {
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}
