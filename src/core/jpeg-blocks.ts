import { BLOCK, transposed } from "./dct.ts";
import type { Point } from "./image.ts";
import { turnOf } from "./orient.ts";
import { lumaSteps } from "./probe/jpeg-quantization.ts";
import type { Probe } from "./probe/probe-result.ts";

/** How a JPEG, as it is shown, was divided into blocks and rounded: the first whole block begins at `x` and `y`, 0..7. */
export interface JpegBlocks extends Point {
  /** Quantization steps of luma, [8, 8], vertical frequency by horizontal. */
  readonly steps: Float64Array;
}

/** The blocks of a part that begins at `origin` of a picture as it is shown; undefined if it is no JPEG or has no luma. */
export function jpegBlocks(bytes: Uint8Array, probe: Probe, origin: Point): JpegBlocks | undefined {
  const steps = probe.format === "jpeg" ? lumaSteps(bytes) : undefined;
  if (steps === undefined) return;
  const { swap, flipX, flipY } = turnOf(probe.orientation);
  // The last block of a row or column may reach beyond the picture, and becomes the first when it is flipped.
  const x = flipX ? probe.width : 0;
  const y = flipY ? probe.height : 0;
  const [left, top] = swap ? [y, x] : [x, y];
  return { steps: swap ? transposed(steps) : steps, x: rest(left - origin.x), y: rest(top - origin.y) };
}

/** Remainder of a division by the side of a block, 0..7 also for negative numbers. */
function rest(pixels: number): number {
  return ((pixels % BLOCK) + BLOCK) % BLOCK;
}
