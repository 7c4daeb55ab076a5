import type { Sharp } from "sharp";
import type { Rgba } from "../../src/core/image.ts";

/** Pixels from an independent decoder. */
export async function pixels(image: Sharp): Promise<Rgba> {
  const { data, info } = await image.ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8ClampedArray(data) };
}
