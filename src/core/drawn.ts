import { VISIBLE } from "./alpha.ts";
import type { Rgba } from "./image.ts";

/** One value for each pixel, 0..255; NaN where none is to be seen. */
type Plane = Float32Array;

/** An edge is at least so high, of 255; where nothing changes by more than the second, a picture is plain. */
const [EDGE, PLAIN] = [32, 2];

/** A picture is looked at in squares of so many pixels a side, as a page may be half photograph. */
const BLOCK = 64;

/**
 * Shares of what is not plain in a block, in steps from pixel to pixel. Between two plain sides an edge has one step, or two where it is
 * antialiased, and a thin line up to three.
 */
const [SHARE_OF_TWO, SHARE_OF_THREE] = [0.04, 0.12];

/** With fewer sharp edges, their share says little. */
const MIN_EDGES = 16;

/** So much of what is not plain lies in blocks that are drawn, at least. */
const DRAWN = 0.1;

/** What was counted in each block. */
interface Tally {
  /** From pixel to pixel, wherever the picture is not plain. */
  readonly steps: Uint32Array;
  /** How many edges and lines between plain sides have one, two or three steps. */
  readonly sharp: readonly [ones: Uint32Array, twos: Uint32Array, threes: Uint32Array];
}

/** A row or column of the picture, and the blocks it runs through. */
interface Line {
  readonly start: number;
  readonly stride: number;
  readonly length: number;
  readonly firstBlock: number;
  readonly blockStride: number;
}

/**
 * Whether a picture, or a part of it, was drawn at its size, as screenshots, charts, icons and pixel art are: from one plain colour
 * to the next it takes a pixel or two. Where it is transparent says nothing, as photographs are cut out so.
 */
export function isDrawn(image: Rgba): boolean {
  const { width, height } = image;
  const [across, down] = [Math.ceil(width / BLOCK), Math.ceil(height / BLOCK)];
  const counts = () => new Uint32Array(across * down);
  const tally: Tally = { steps: counts(), sharp: [counts(), counts(), counts()] };
  const plane = brightness(image);
  for (let y = 0; y < height; y++) {
    const firstBlock = Math.floor(y / BLOCK) * across;
    follow(plane, { start: y * width, stride: 1, length: width, firstBlock, blockStride: 1 }, tally);
  }
  for (let x = 0; x < width; x++) {
    const firstBlock = Math.floor(x / BLOCK);
    follow(plane, { start: x, stride: width, length: height, firstBlock, blockStride: across }, tally);
  }
  let [all, drawn] = [0, 0];
  tally.steps.forEach((steps, block) => {
    all += steps;
    if (isBlockDrawn(tally, block)) drawn += steps;
  });
  return drawn > DRAWN * all;
}

function isBlockDrawn(tally: Tally, block: number): boolean {
  const steps = tally.steps[block] ?? 0;
  const [ones, twos, threes] = tally.sharp.map((counts) => counts[block] ?? 0) as [number, number, number];
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

/** Adds the changes along a line. One that touches the border may be part of a longer one: it is not sharp. */
function follow(plane: Plane, { start, stride, length, firstBlock, blockStride }: Line, tally: Tally): void {
  let last = plane[start] ?? 0;
  let [steps, least, most] = [length, last, last]; // too long to be sharp
  for (let i = 1, at = start + stride; i < length; i++, at += stride) {
    const value = plane[at] ?? 0;
    const block = firstBlock + Math.floor(i / BLOCK) * blockStride;
    if (Math.abs(value - last) > PLAIN) {
      increment(tally.steps, block);
      steps++;
      least = Math.min(least, value);
      most = Math.max(most, value);
    } else {
      const counts = tally.sharp[steps - 1];
      if (most - least >= EDGE && counts !== undefined) increment(counts, block);
      [steps, least, most] = [0, value, value];
    }
    last = value;
  }
}

function increment(counts: Uint32Array, at: number): void {
  counts[at] = (counts[at] ?? 0) + 1;
}
