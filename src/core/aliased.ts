import { isOpaque } from "./alpha.ts";
import type { Rgba } from "./image.ts";

/**
 * Least ratio of the mean squares of fifth and fourth differences in a photograph that was shrunk without antialiasing: as in
 * noise (3.6), its detail does not grow weaker towards the finest that pixels can hold. After antialiasing the ratio is 3.3.
 */
const RATIO = 3.45;

/** Least mean square of fourth differences that is judged: rounding to 8 bits is noise too, and makes up to 52.5 of it. */
const FAINT = 500;

/** Whether a picture was shrunk without antialiasing, as OpenCV does by default. */
export function isAliased(image: Rgba): boolean {
  // Transparent pixels may have any colour.
  if (!isOpaque(image)) return false;
  const { width, height, data } = image;
  const line = new Float64Array(Math.max(width, height));
  let [count, ofFourth, ofFifth] = [0, 0, 0];
  const add = (values: Float64Array) => {
    const fourth = differences(differences(differences(differences(withoutGround(values)))));
    const asManyAsFifth = fourth.subarray(1);
    count += asManyAsFifth.length;
    ofFourth += sumOfSquares(asManyAsFifth);
    ofFifth += sumOfSquares(differences(fourth));
  };
  for (let y = 0; y < height; y++) add(brightness(data, line.subarray(0, width), y * width, 1));
  for (let x = 0; x < width; x++) add(brightness(data, line.subarray(0, height), x, width));
  return ofFourth > FAINT * count && ofFifth > RATIO * ofFourth;
}

/** Writes the brightness, 0..765, of a row or column of pixels into `line`. */
function brightness(data: Rgba["data"], line: Float64Array, start: number, stride: number): Float64Array {
  for (let i = 0, at = 4 * start; i < line.length; i++, at += 4 * stride) {
    line[i] = (data[at] ?? 0) + (data[at + 1] ?? 0) + (data[at + 2] ?? 0);
  }
  return line;
}

/** Drops the equal values at either end: a margin or plain ground around a photograph says nothing about shrinking. */
function withoutGround(values: Float64Array): Float64Array {
  const [first, last] = [values[0], values.at(-1)];
  const from = values.findIndex((value) => value !== first);
  const to = values.findLastIndex((value) => value !== last);
  return values.subarray(Math.max(0, from), to + 1);
}

/** Differences from value to value, computed in place. */
function differences(values: Float64Array): Float64Array {
  for (let i = 1; i < values.length; i++) values[i - 1] = (values[i] ?? 0) - (values[i - 1] ?? 0);
  return values.subarray(0, -1);
}

function sumOfSquares(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] ?? 0) ** 2;
  return sum;
}
