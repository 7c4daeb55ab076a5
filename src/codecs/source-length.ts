import { ServiceError } from "../core/errors.ts";
import type { Probe } from "../core/probe/probe-result.ts";

/** Twice the 8 bytes that a pixel of 16 bits a channel takes when not packed. */
const MAX_BYTES_PER_PIXEL = 16;

/** Most bytes that a source can need, packed or not; without metadata if its decoder gets none. */
export function maxBytes({ format, width, height }: Probe): number {
  // An AVIF keeps its metadata and may be a sequence.
  return MAX_BYTES_PER_PIXEL * width * height + (format === "avif" ? 2 ** 22 : 2 ** 20);
}

/**
 * Bounds data that are not pixels: decoders hold up to four copies of what they are given.
 *
 * @throws {ServiceError} `source_too_large` beyond {@link maxBytes}.
 */
export function checkLength(actual: number, probe: Probe): void {
  const { format, width, height } = probe;
  const limit = maxBytes(probe);
  if (actual <= limit) return;
  const message = `Expected at most ${limit} bytes of ${format} for ${width}x${height} pixels, got ${actual}`;
  throw new ServiceError("source_too_large", message, { detail: { limit, actual, unit: "bytes" } });
}
