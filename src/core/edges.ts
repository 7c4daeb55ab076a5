import { VISIBLE } from "./alpha.ts";
import type { Rgba, Size } from "./image.ts";

/** One value for each pixel; NaN where none is to be seen. */
type Plane = Float32Array;

/** Which edges of a picture are hard, without anything between the two sides: many between colours, all between opaque and transparent. */
export interface HardEdges {
  readonly colour: boolean;
  readonly alpha: boolean;
}

/** A hard edge is at least so high, of 255; where nothing changes by more than the second, a picture is plain. */
const [EDGE, FLAT] = [32, 2];

/** Hard edges, of all places that are not plain. A picture shrunk by a smooth filter has 0.02 at most, one in a frame 0.03, a chart drawn pixel by pixel 0.09 and more. */
const HARD_SHARE = 0.08;

/** With fewer, their share says little. */
const MIN_HARD = 16;

/** Charts, pixel art, whatever is drawn without antialiasing has them; a photograph that is cut out, in alpha alone. */
export function hardEdges(image: Rgba): HardEdges {
  return { colour: isHardEdged(brightness(image), image), alpha: isCutOut(image) };
}

/** Where edges are hard, takes a tenth of each pixel from either side, left and right, then above and below; the border is repeated. */
export function antialias({ width, height, data }: Rgba, hard: HardEdges): Rgba {
  const row = 4 * width;
  const soften = (values: Rgba["data"], step: number, length: number) => {
    const soft = values.slice();
    for (let i = 0; i < values.length; i++) {
      if (!(i % 4 === 3 ? hard.alpha : hard.colour)) continue;
      const at = i % length;
      const before = values[at < step ? i : i - step] ?? 0;
      const after = values[at + step < length ? i + step : i] ?? 0;
      soft[i] = 0.1 * before + 0.8 * (values[i] ?? 0) + 0.1 * after;
    }
    return soft;
  };
  return { width, height, data: soften(soften(data, 4, row), row, data.length) };
}

/** The mean of red, green and blue. */
function brightness({ data }: Rgba): Plane {
  const plane = new Float32Array(data.length / 4);
  for (let i = 0, at = 0; i < plane.length; i++, at += 4) {
    const isVisible = (data[at + 3] ?? 0) >= VISIBLE;
    plane[i] = isVisible ? ((data[at] ?? 0) + (data[at + 1] ?? 0) + (data[at + 2] ?? 0)) / 3 : Number.NaN;
  }
  return plane;
}

/** Whether pixels are either opaque or not there at all, and some are not. */
function isCutOut({ data }: Rgba): boolean {
  let isCut = false;
  for (let at = 3; at < data.length; at += 4) {
    const alpha = data[at] ?? 0;
    if (alpha > 0 && alpha < 255) return false;
    isCut ||= alpha === 0;
  }
  return isCut;
}

/** By the share of hard edges across and down. */
function isHardEdged(plane: Plane, { width, height }: Size): boolean {
  let changes = 0;
  let hard = 0;
  const change = (from: number, to: number) => Math.abs((plane[to] ?? 0) - (plane[from] ?? 0));
  const look = (i: number, step: number) => {
    const here = change(i, i + step);
    if (here > FLAT) changes++;
    if (here >= EDGE && change(i - step, i) <= FLAT && change(i + step, i + 2 * step) <= FLAT) hard++;
  };
  for (let i = 0; i < plane.length; i++) {
    const x = i % width;
    const y = Math.floor(i / width);
    if (x > 0 && x < width - 2) look(i, 1);
    if (y > 0 && y < height - 2) look(i, width);
  }
  return hard >= MIN_HARD && hard > HARD_SHARE * changes;
}
