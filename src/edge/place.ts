import { ServiceError } from "../core/errors.ts";
import type { Probe } from "../core/probe/probe-result.ts";
import type { Transform } from "../core/transform.ts";
import type { Limits } from "./config.ts";
import { checkLimits } from "./render.ts";

/** Engine name of a result that the origin made. */
export const ORIGIN_ENGINE = "origin";

/** Where a result is computed. */
export type Place = "edge" | "origin";

/** Pixels, of sources as stored and of results, where there is an origin. */
export interface OriginLimits {
  /** What is larger is the origin's. */
  readonly edgeInputPixels: number;
  readonly inputPixels: number;
  readonly outputPixels: number;
}

/** The limits of the isolate, and those that come with an origin if there is one. */
export interface PlaceLimits {
  readonly limits: Limits;
  readonly origin: OriginLimits | undefined;
}

/**
 * The edge for what is small and readable there, the origin for the rest. It depends on the header and the configuration
 * alone, never on how the origin is: a key names one place.
 *
 * @throws {ServiceError} what {@link checkLimits} refuses
 */
export function choosePlace(probe: Probe, transform: Transform, { limits, origin }: PlaceLimits): Place {
  if (origin === undefined) {
    checkLimits(probe, transform, limits);
    return "edge";
  }
  if (fits(probe, transform, edgeShare(limits, origin))) return "edge";
  const { unsupported, ...readable } = probe;
  const { inputPixels, outputPixels } = origin;
  checkLimits(readable, transform, { ...limits, inputPixels, outputPixels, avifPixels: outputPixels });
  return "origin";
}

/**
 * What the bytes of a deployment's results depend on beside model and transform: the engine's name, and with an origin
 * everything that draws the line between the two. Part of each result's key.
 */
export function engineConfiguration(engine: string, { limits, origin }: PlaceLimits): string {
  if (origin === undefined) return engine;
  const { inputPixels, outputPixels, avifPixels, jpegScans } = edgeShare(limits, origin);
  return `${engine}(${[inputPixels, outputPixels, avifPixels, jpegScans].join()})+origin`;
}

function edgeShare(limits: Limits, { edgeInputPixels }: OriginLimits): Limits {
  return { ...limits, inputPixels: Math.min(limits.inputPixels, edgeInputPixels) };
}

/** Whether {@link checkLimits} has nothing to object to. */
export function fits(probe: Probe, transform: Transform, limits: Limits): boolean {
  try {
    checkLimits(probe, transform, limits);
    return true;
  } catch (error) {
    if (error instanceof ServiceError) return false;
    throw error;
  }
}
