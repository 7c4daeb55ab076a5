import { VISIBLE } from "./alpha.ts";
import type { Rgba } from "./image.ts";

/** One value for each pixel, 0..255; NaN where none is to be seen. */
type Plane = Float32Array;

/** An edge is at least so high, of 255; where nothing changes by more than the second, a picture is plain. */
const [EDGE, PLAIN] = [32, 2];

/**
 * Between two plain sides an edge takes one step from pixel to pixel, two if it is antialiased, up to four if the drawing was shrunk;
 * thin lines and letters with coloured fringes take as many. In photographs hardly anything is plain.
 */
const SHARP = 4;

/** So much of what is not plain in a block belongs to such edges where it is drawn. */
const SHARE = 0.25;

/** A picture is looked at in blocks of so many pixels a side, as a page may be half photograph. */
const BLOCK = 64;

/** With fewer sharp edges, their share in a block says little. */
const MIN_EDGES = 8;

/** So much of what is not plain in a picture lies in blocks that are drawn, at least: an edge around a photograph is less. */
const DRAWN = 0.05;

/** What was counted in each block. */
interface Tally {
  /** From pixel to pixel, wherever the picture is not plain. */
  readonly steps: Uint32Array;
  readonly sharpEdges: Uint32Array;
  readonly stepsOfSharpEdges: Uint32Array;
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
 * Whether a picture, or a part of it, was drawn, as screenshots, charts, icons and pixel art are: sharp edges between plain colours.
 * Where it is transparent says nothing, as photographs are cut out so.
 */
export function isDrawn(image: Rgba): boolean {
  const { width, height } = image;
  const [across, down] = [Math.ceil(width / BLOCK), Math.ceil(height / BLOCK)];
  const counts = () => new Uint32Array(across * down);
  const tally: Tally = { steps: counts(), sharpEdges: counts(), stepsOfSharpEdges: counts() };
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

function isBlockDrawn({ steps, sharpEdges, stepsOfSharpEdges }: Tally, block: number): boolean {
  const isMany = (sharpEdges[block] ?? 0) >= MIN_EDGES;
  return isMany && (stepsOfSharpEdges[block] ?? 0) > SHARE * (steps[block] ?? 0);
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
      add(1, tally.steps, block);
      steps++;
      least = Math.min(least, value);
      most = Math.max(most, value);
    } else {
      if (most - least >= EDGE && steps <= SHARP) {
        add(1, tally.sharpEdges, block);
        add(steps, tally.stepsOfSharpEdges, block);
      }
      [steps, least, most] = [0, value, value];
    }
    last = value;
  }
}

function add(count: number, counts: Uint32Array, block: number): void {
  counts[block] = (counts[block] ?? 0) + count;
}
