import { ServiceError } from "./errors.ts";
import { type Format, MAX_SIDE, type Size } from "./image.ts";

/** @throws {ServiceError} `image_too_large` if the format cannot store a picture of this size. */
export function checkStorable({ width, height }: Size, format: Format): void {
  const [limit, actual] = [MAX_SIDE[format], Math.max(width, height)];
  if (actual <= limit) return;
  const message = `Expected a picture of at most ${limit} px a side for ${format}, got ${width}x${height}`;
  throw new ServiceError("image_too_large", message, { detail: { limit, actual, unit: "px" } });
}
