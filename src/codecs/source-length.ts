import { ServiceError } from "../core/errors.ts";
import type { Probe } from "../core/probe/probe-result.ts";

/** A pixel of 16 bits a channel takes 8 bytes as it is. */
const MAX_BYTES_PER_PIXEL = 16;

/** So many at most that a source can need, without its metadata where decoders get none, packed or not. */
export function maxBytes({ format, width, height }: Probe): number {
  // An AVIF may have metadata, and be a sequence.
  return MAX_BYTES_PER_PIXEL * width * height + (format === "avif" ? 2 ** 22 : 2 ** 20);
}

/**
 * What is no pixel is a burden all the same: decoders hold what they are given up to four times.
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
