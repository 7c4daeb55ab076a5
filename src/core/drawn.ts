import { VISIBLE } from "./alpha.ts";
import type { Rgba } from "./image.ts";

/** Least height of an edge, and largest change within a plain area, 0..255, of the channel that changes most. */
const [EDGE, PLAIN] = [32, 2];

/**
 * Most steps from pixel to pixel that a sharp edge takes between two plain sides: one, two if it is antialiased, up to four if the
 * drawing was shrunk, or in thin lines and letters with coloured fringes. In photographs hardly anything is plain.
 */
const SHARP = 4;

/** Share of the steps in a block that must belong to sharp edges for the block to count as drawn. */
const SHARE = 0.23;

/** Side in pixels of the blocks that are judged one by one, because half of a page may be a photograph. */
const BLOCK = 64;

/** Least number of sharp edges in a drawn block: with fewer, their share says little. */
const MIN_EDGES = 8;

/** Share of a picture's steps that must lie in drawn blocks; an edge around a photograph makes up less. */
const DRAWN = 0.05;

/** What was counted in each block. */
interface Tally {
  /** Steps from pixel to pixel that change more than {@link PLAIN}. */
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
 * Whether a picture, or a part of it, was drawn, like screenshots, charts, icons and pixel art: it has sharp edges between plain
 * colours. Edges of transparency do not count, because photographs are cut out as well.
 */
export function isDrawn(image: Rgba): boolean {
  const { width, height, data } = image;
  const [across, down] = [Math.ceil(width / BLOCK), Math.ceil(height / BLOCK)];
  const counts = () => new Uint32Array(across * down);
  const tally: Tally = { steps: counts(), sharpEdges: counts(), stepsOfSharpEdges: counts() };
  for (let y = 0; y < height; y++) {
    const firstBlock = Math.floor(y / BLOCK) * across;
    follow(data, { start: y * width, stride: 1, length: width, firstBlock, blockStride: 1 }, tally);
  }
  for (let x = 0; x < width; x++) {
    const firstBlock = Math.floor(x / BLOCK);
    follow(data, { start: x, stride: width, length: height, firstBlock, blockStride: across }, tally);
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

/** The largest difference of red, green or blue between two pixels, 0..255; 0 if one of them is not visible. */
function difference(data: Rgba["data"], a: number, b: number): number {
  if ((data[4 * a + 3] ?? 0) < VISIBLE || (data[4 * b + 3] ?? 0) < VISIBLE) return 0;
  const red = Math.abs((data[4 * a] ?? 0) - (data[4 * b] ?? 0));
  const green = Math.abs((data[4 * a + 1] ?? 0) - (data[4 * b + 1] ?? 0));
  const blue = Math.abs((data[4 * a + 2] ?? 0) - (data[4 * b + 2] ?? 0));
  return Math.max(red, green, blue);
}

/** Adds the changes along a line. One that touches the border may be part of a longer one, so it does not count as sharp. */
function follow(data: Rgba["data"], { start, stride, length, firstBlock, blockStride }: Line, tally: Tally): void {
  let [plain, steps, height] = [start, length, 0]; // too long to be sharp
  for (let i = 1, at = start + stride; i < length; i++, at += stride) {
    const block = firstBlock + Math.floor(i / BLOCK) * blockStride;
    if (difference(data, at - stride, at) > PLAIN) {
      add(1, tally.steps, block);
      steps++;
      height = Math.max(height, difference(data, plain, at));
    } else {
      if (height >= EDGE && steps <= SHARP) {
        add(1, tally.sharpEdges, block);
        add(steps, tally.stepsOfSharpEdges, block);
      }
      [plain, steps, height] = [at, 0, 0];
    }
  }
}

function add(count: number, counts: Uint32Array, block: number): void {
  counts[block] = (counts[block] ?? 0) + count;
}
