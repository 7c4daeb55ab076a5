import { VISIBLE } from "./alpha.ts";
import type { Rgba } from "./image.ts";

/** One value for each pixel, 0..255; NaN where none is to be seen. */
type Plane = Float32Array;

/** An edge is at least so high, of 255; where nothing changes by more than the second, a picture is plain. */
const [EDGE, PLAIN] = [32, 2];

/**
 * Shares of what is not plain, in steps from pixel to pixel. Between two plain sides an edge has one step, or two where it is antialiased,
 * and a thin line up to three. Photographs have 0.05 of these at most, framed ones 0.1, drawings 0.17 and more; drawings that were
 * shrunk have many of three steps still, but mostly less than 0.03 of one or two.
 */
const [SHARE_OF_TWO, SHARE_OF_THREE] = [0.04, 0.12];

/** With fewer sharp edges, their share says little. */
const MIN_EDGES = 16;

interface Tally {
  /** From pixel to pixel, wherever the picture is not plain. */
  steps: number;
  /** How many edges and lines between plain sides have so many steps, 0 to 3. */
  readonly sharp: Uint32Array;
}

/**
 * Whether a picture was drawn at its size, as screenshots, charts, icons and pixel art are: from one plain colour to the next it
 * takes a pixel or two. Where it is transparent says nothing, as photographs are cut out so.
 */
export function isDrawn(image: Rgba): boolean {
  const { width, height } = image;
  const plane = brightness(image);
  const tally: Tally = { steps: 0, sharp: new Uint32Array(4) };
  for (let y = 0; y < height; y++) follow(plane, y * width, 1, width, tally);
  for (let x = 0; x < width; x++) follow(plane, x, width, height, tally);
  const { steps } = tally;
  const [, ones = 0, twos = 0, threes = 0] = tally.sharp;
  const inTwo = ones + 2 * twos;
  const isMany = ones + twos + threes >= MIN_EDGES;
  return isMany && inTwo > SHARE_OF_TWO * steps && inTwo + 3 * threes > SHARE_OF_THREE * steps;
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

/** Adds the changes along a row or column. One that touches the border may be part of a longer one: it is not sharp. */
function follow(plane: Plane, start: number, stride: number, length: number, tally: Tally): void {
  let last = plane[start] ?? 0;
  let [steps, least, most] = [length, last, last]; // too long to be sharp
  for (let i = 1, at = start + stride; i < length; i++, at += stride) {
    const value = plane[at] ?? 0;
    if (Math.abs(value - last) > PLAIN) {
      tally.steps++;
      steps++;
      least = Math.min(least, value);
      most = Math.max(most, value);
    } else {
      if (most - least >= EDGE && steps < tally.sharp.length) tally.sharp[steps] = (tally.sharp[steps] ?? 0) + 1;
      [steps, least, most] = [0, value, value];
    }
    last = value;
  }
}
