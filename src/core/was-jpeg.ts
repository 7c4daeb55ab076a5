import { BLOCK, cosines } from "./dct.ts";
import type { Rgba, Size } from "./image.ts";
import { LUMA, middleOf } from "./middle.ts";

/** Vertical and horizontal frequency of DCT coefficients: those of which JPEG keeps the most, and that it quantizes up to quality 96. */
const FREQUENCIES = [
  [0, 1],
  [1, 0],
  [1, 1],
  [2, 2],
  [1, 3],
] as const;

/** Steps of quantization that are tried; longer ones belong mostly to low qualities, and a step of 1 leaves no trace. */
const STEPS = Array.from({ length: 15 }, (_, i) => i + 2);

/** Lead of the best grid over the second best, in standard deviations: no photograph that never was a JPEG has as much. */
const MARGIN = 2;

/**
 * Whether a picture was a JPEG once and has not been resized since: on one grid of blocks, and on no other, the DCT coefficients are
 * multiples of whole steps.
 * @see ITU-T T.81 annexes A.3.3 and A.3.4; docs/adr/0020-once-jpeg.md
 */
export function wasJpeg(image: Rgba): boolean {
  const luma = middleOf(image, LUMA);
  const grids = new Float64Array(BLOCK ** 2);
  for (const [v, u] of FREQUENCIES) {
    const coefficients = weighted(weighted(luma.data, BASIS[u], 1), BASIS[v], luma.width);
    grids.forEach((sum, grid) => {
      grids[grid] = sum + quantization(ofGrid(coefficients, grid, luma));
    });
  }
  const [second = 0, first = 0] = grids.sort().subarray(-2);
  return first - second > MARGIN * Math.sqrt(FREQUENCIES.length);
}

const BASIS = [cosines(0), cosines(1), cosines(2), cosines(3)] as const;

/** For each index, the weighted sum of the values from there on, `stride` apart, one per weight. */
function weighted(values: Float64Array, weights: Float64Array, stride: number): Float64Array {
  const sums = new Float64Array(Math.max(0, values.length - (weights.length - 1) * stride));
  weights.forEach((weight, k) => {
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + weight * (values[i + k * stride] ?? 0);
  });
  return sums;
}

/** Coefficients of the whole blocks of a grid. Grids are numbered from 0, row by row, by the pixel at which the first block starts. */
function ofGrid(coefficients: Float64Array, grid: number, { width, height }: Size): number[] {
  const values: number[] = [];
  for (let y = Math.floor(grid / BLOCK); y + BLOCK <= height; y += BLOCK) {
    for (let x = grid % BLOCK; x + BLOCK <= width; x += BLOCK) values.push(coefficients[y * width + x] ?? 0);
  }
  return values;
}

/** How much nearer coefficients are to the multiples of the best step than by chance, in standard deviations. */
function quantization(coefficients: readonly number[]): number {
  const ofSteps = STEPS.map((step) => {
    let [count, distance] = [0, 0];
    for (const coefficient of coefficients) {
      const multiple = Math.floor(coefficient / step + 0.5); // Math.round takes twice as long
      if (multiple === 0) continue; // most are near 0, quantized or not
      count += 1;
      distance += Math.abs(coefficient / step - multiple);
    }
    // An even distribution has a mean of a quarter and a variance of a forty-eighth.
    return count === 0 ? 0 : (count / 4 - distance) / Math.sqrt(count / 48);
  });
  return Math.max(...ofSteps);
}
