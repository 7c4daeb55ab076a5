import { BLOCK, restoreBlock, transformBlock } from "./dct.ts";
import type { Rgba, Size } from "./image.ts";
import type { JpegBlocks } from "./jpeg-blocks.ts";
import { LUMA } from "./middle.ts";
import { resample } from "./resample.ts";

/** What JPEG first subtracts from samples. @see ITU-T T.81 annex A.3.1 */
const SHIFT = 128;

/** Mean distance of the network's coefficients from the true ones, which follow a Laplace distribution; samples are 0..255. */
const DEVIATION = 3;

/**
 * Mean square of how far coefficients may lie outside the range that the JPEG leaves possible, in blocks that are not plain. Drawings,
 * former JPEGs of lower quality and pictures shrunk without antialiasing lie further: there the network is right nevertheless.
 */
const TOLERANCE = 1.5;

/**
 * Brings an upscaled JPEG, in place, into agreement with what is known of the picture it was made from: each coefficient of its luma
 * lay within half a step of the stored one. For this, the network's result is shrunk. A coefficient that lies outside this range or
 * near its limits becomes the mean of what it may have been.
 *
 * @see Park and Kim 1999, "Theory of projection onto the narrow quantization constraint set and its application";
 * docs/adr/0022-jpeg-consistency.md
 */
export function makeConsistent(upscaled: Rgba, source: Rgba, { steps, x: left, y: top }: JpegBlocks): void {
  const { width, height } = source;
  const luma = shrunkLuma(upscaled, source);
  const correction = new Float32Array(luma.length);
  const block = new Float64Array(BLOCK ** 2);
  const stored = new Float64Array(BLOCK ** 2);
  let [excess, count] = [0, 0];
  for (let y = top; y + BLOCK <= height; y += BLOCK) {
    for (let x = left; x + BLOCK <= width; x += BLOCK) {
      const at = (i: number) => (y + Math.floor(i / BLOCK)) * width + x + (i % BLOCK);
      for (let i = 0; i < block.length; i++) {
        block[i] = (luma[at(i)] ?? 0) - SHIFT;
        stored[i] = lumaOf(source, at(i)) - SHIFT;
      }
      const outside = toCorrection(block, stored, steps);
      if (!isPlain(stored, steps)) {
        excess += outside;
        count += block.length;
      }
      for (let i = 0; i < block.length; i++) correction[at(i)] = block[i] ?? 0;
    }
  }
  if (excess > TOLERANCE * count) return;
  resample({ width, height, data: correction }, upscaled, (i, value) => {
    for (let c = 4 * i; c < 4 * i + 3; c++) upscaled.data[c] = (upscaled.data[c] ?? 0) + value;
  });
}

/** Whether only the mean of a block was stored. */
function isPlain(coefficients: Float64Array, steps: Float64Array): boolean {
  return coefficients.every((value, i) => i === 0 || Math.abs(value) <= (steps[i] ?? 0) / 2);
}

/**
 * Turns the network's samples in `block` into the correction to be added to them, and those in `stored` into coefficients.
 *
 * @returns the sum of squares of how far the network's coefficients lie outside the possible range.
 */
function toCorrection(block: Float64Array, stored: Float64Array, steps: Float64Array): number {
  let excess = 0;
  transformBlock(block);
  transformBlock(stored);
  for (let i = 0; i < block.length; i++) {
    const [value, step] = [block[i] ?? 0, steps[i] ?? 0];
    const centre = step * Math.round((stored[i] ?? 0) / step);
    const possible = Math.max(centre - step / 2, Math.min(value, centre + step / 2));
    excess += (value - possible) ** 2;
    block[i] = meanOf(possible, centre, step) - value;
  }
  restoreBlock(block);
  return excess;
}

/** Mean of a Laplace distribution about `value`, truncated to half a step around `centre`, within which `value` lies. */
export function meanOf(value: number, centre: number, step: number): number {
  const below = value - (centre - step / 2);
  const above = step - below;
  const [a, b] = [Math.exp(-below / DEVIATION), Math.exp(-above / DEVIATION)];
  return value + ((below + DEVIATION) * a - (above + DEVIATION) * b) / (2 - a - b);
}

/** [h, w], luma of the result shrunk to the source's size. */
function shrunkLuma(upscaled: Rgba, { width, height }: Size): Float32Array {
  const luma = new Float32Array(upscaled.width * upscaled.height);
  for (let i = 0; i < luma.length; i++) luma[i] = lumaOf(upscaled, i);
  const shrunk = new Float32Array(width * height);
  resample({ ...upscaled, data: luma }, { width, height }, (i, value) => {
    shrunk[i] = value;
  });
  return shrunk;
}

function lumaOf({ data }: Rgba, pixel: number): number {
  const [r, g, b] = [data[4 * pixel] ?? 0, data[4 * pixel + 1] ?? 0, data[4 * pixel + 2] ?? 0];
  return LUMA[0] * r + LUMA[1] * g + LUMA[2] * b;
}
