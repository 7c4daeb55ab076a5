import { isOpaque } from "./alpha.ts";
import { finestOf, type Line, readLine, sum } from "./finest.ts";
import type { Rgba } from "./image.ts";

/**
 * The square of a fifth difference is in the mean so many times that of a fourth where a photograph was shrunk without antialiasing:
 * as in noise (3.6), its detail does not grow weaker towards the finest that pixels can hold. After antialiasing it is 3.3.
 */
const RATIO = 3.45;

/** Rounding to 8 bits is noise too, and makes up to 52.5 of the mean square of a fourth difference. */
const FAINT = 500;

/** Whether a picture was shrunk without antialiasing, as OpenCV does by default. */
export function isAliased(image: Rgba): boolean {
  // What is transparent has any colour.
  if (!isOpaque(image)) return false;
  const { width, height, data } = image;
  const values = new Float64Array(Math.max(width, height));
  const finestAlong = (line: Line, length: number) =>
    finestOf(withoutGround(readLine(values.subarray(0, length), data, line, brightness)));
  const rows = Array.from({ length: height }, (_, y) => finestAlong({ start: y * width, stride: 1 }, width));
  const columns = Array.from({ length: width }, (_, x) => finestAlong({ start: x, stride: width }, height));
  const { count, ofFourth, ofFifth } = sum([...rows, ...columns]);
  return ofFourth > FAINT * count && ofFifth > RATIO * ofFourth;
}

function brightness(red: number, green: number, blue: number): number {
  return red + green + blue;
}

/** Without what is of one value at either end: where a photograph ends on a margin or a plain ground, nothing was shrunk. */
function withoutGround(values: Float64Array): Float64Array {
  const [first, last] = [values[0], values.at(-1)];
  const from = values.findIndex((value) => value !== first);
  const to = values.findLastIndex((value) => value !== last);
  return values.subarray(Math.max(0, from), to + 1);
}
