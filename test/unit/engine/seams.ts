import type { Rgb } from "../../../src/core/image.ts";
import { drawing } from "./drawing.ts";
import { readSample, SAMPLES } from "./sample.ts";

/** Pictures whose tiles must meet without visible seams. */
export const SEAMLESS = [...SAMPLES, "drawing"];

/**
 * The drawing's stripes end at 2 * 200 / 180 = 2.2 radians per pixel here. Beyond the Nyquist limit (pi), the picture is
 * ambiguous, and tiles may disagree about it.
 */
export async function seamless(name: string, size: { width: number; height: number }): Promise<Rgb> {
  return name === "drawing" ? drawing(size.width, size.height, 180) : await readSample(name, size);
}
