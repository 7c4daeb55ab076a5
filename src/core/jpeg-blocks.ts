import { BLOCK, transposed } from "./dct.ts";
import type { Point } from "./image.ts";
import { turnOf } from "./orient.ts";
import { lumaSteps } from "./probe/jpeg-quantization.ts";
import type { Probe } from "./probe/probe-result.ts";

/** How a picture, as it is shown, was divided and rounded as a JPEG: the first whole block begins at `x` and `y`, 0..7. */
export interface JpegBlocks extends Point {
  /** By which the coefficients of the luma of each block were rounded, [8, 8], vertical frequency by horizontal. */
  readonly steps: Float64Array;
}

/** Of a part that begins at `origin` of a picture as it is shown; undefined where it is no JPEG, or has no luma. */
export function jpegBlocks(bytes: Uint8Array, probe: Probe, origin: Point): JpegBlocks | undefined {
  const steps = probe.format === "jpeg" ? lumaSteps(bytes) : undefined;
  if (steps === undefined) return;
  const { swap, flipX, flipY } = turnOf(probe.orientation);
  // The last block of a row or column may hold more than the picture does: turned, it is the first.
  const x = flipX ? probe.width : 0;
  const y = flipY ? probe.height : 0;
  const [left, top] = swap ? [y, x] : [x, y];
  return { steps: swap ? transposed(steps) : steps, x: rest(left - origin.x), y: rest(top - origin.y) };
}

/** Of a division by the side of a block, 0..7. */
function rest(pixels: number): number {
  return ((pixels % BLOCK) + BLOCK) % BLOCK;
}
