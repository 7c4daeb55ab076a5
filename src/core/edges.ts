import { VISIBLE } from "./alpha.ts";
import type { Rgba, Size } from "./image.ts";

/** One value for each pixel; NaN where none is to be seen. */
type Plane = Float32Array;

/** An edge is at least so high, of 255; beside a hard one nothing changes by more than the second. */
const [EDGE, FLAT] = [32, 2];

/** Of all edges, in a hard-edged picture. Shrunk by a smooth filter, a picture has 0.02 at most, a chart drawn pixel by pixel 0.26 and more. */
const HARD_SHARE = 0.1;

/** With fewer, their share says little. */
const MIN_HARD = 16;

/**
 * Whether edges go from one colour to another without any between, or from opaque to transparent: charts, pixel art, whatever
 * is drawn without antialiasing. A picture that was shrunk has next to none.
 */
export function isHardEdged(image: Rgba): boolean {
  const [colour, alpha] = [countEdges(brightness(image), image), countEdges(opacity(image), image)];
  const hard = colour.hard + alpha.hard;
  return hard >= MIN_HARD && hard > HARD_SHARE * (colour.all + alpha.all);
}

/** Takes a tenth of each pixel from either side, left and right, then above and below; the border is repeated. */
export function antialias({ width, height, data }: Rgba): Rgba {
  const row = 4 * width;
  return { width, height, data: soften(soften(data, 4, row), row, data.length) };
}

/** Each value with those `step` before and after it, in lines of `length` values. */
function soften(data: Rgba["data"], step: number, length: number): Uint8ClampedArray {
  const soft = new Uint8ClampedArray(data.length);
  for (let i = 0; i < data.length; i++) {
    const at = i % length;
    const before = data[at < step ? i : i - step] ?? 0;
    const after = data[at + step < length ? i + step : i] ?? 0;
    soft[i] = 0.1 * before + 0.8 * (data[i] ?? 0) + 0.1 * after;
  }
  return soft;
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

function opacity({ data }: Rgba): Plane {
  return new Float32Array(data.length / 4).map((_, i) => data[4 * i + 3] ?? 0);
}

/** Across and down. */
function countEdges(plane: Plane, { width, height }: Size): { readonly all: number; readonly hard: number } {
  let all = 0;
  let hard = 0;
  const change = (from: number, to: number) => Math.abs((plane[to] ?? 0) - (plane[from] ?? 0));
  const look = (i: number, step: number) => {
    if (!(change(i, i + step) >= EDGE)) return;
    all++;
    if (change(i - step, i) <= FLAT && change(i + step, i + 2 * step) <= FLAT) hard++;
  };
  for (let i = 0; i < plane.length; i++) {
    const x = i % width;
    const y = Math.floor(i / width);
    if (x > 0 && x < width - 2) look(i, 1);
    if (y > 0 && y < height - 2) look(i, width);
  }
  return { all, hard };
}
