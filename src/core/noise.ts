import { isOpaque } from "./alpha.ts";
import { type Channel, type Finest, finestOf, type Line, readLine, sum } from "./finest.ts";
import type { Rgba } from "./image.ts";

/** The mean square of a fourth difference of two colours' difference, where each has noise of sigma 1. */
const OF_SIGMA_1 = 2 * (1 + 4 ** 2 + 6 ** 2 + 4 ** 2 + 1);

/** Of noise in the quietest blocks, of 255; about 4 in the mean of all. */
const SIGMA = 3.5;

/** The square of a fifth difference is so many times that of a fourth: 3.6 in noise, 3.3 in the detail of photographs. */
const RATIO = 3.4;

/** Pixels of a block's side, and the share of blocks that is the quietest: there detail does not hide the noise. */
const [BLOCK, QUIETEST] = [16, 0.25];

/** Of so many blocks, across and down, is known what there is all over a picture. */
const ENOUGH = 32;

/** What is not grey in a pixel: hardly any of the finest detail of a photograph, but noise, which each colour has of its own. */
const CHANNELS: readonly Channel[] = [(red, green) => red - green, (_, green, blue) => blue - green];

/** Whether there is noise all over a picture, as of a sensor or a renderer. */
export function isNoisy(image: Rgba): boolean {
  // What is transparent has any colour.
  return isOpaque(image) && CHANNELS.every((channel) => isNoise(quietest(finestOfBlocks(image, channel))));
}

function isNoise({ count, ofFourth, ofFifth }: Finest): boolean {
  return ofFourth > SIGMA ** 2 * OF_SIGMA_1 * count && ofFifth > RATIO * ofFourth;
}

function quietest(blocks: readonly Finest[]): Finest {
  return sum(blocks.toSorted((a, b) => a.ofFourth - b.ofFourth).slice(0, Math.ceil(QUIETEST * blocks.length)));
}

/** Of blocks that are not plain and lie within the picture, with the pixels that their last differences reach to. */
function finestOfBlocks(image: Rgba, channel: Channel): Finest[] {
  const { width, height, data } = image;
  const values = new Float64Array(BLOCK + 5);
  const finestAlong = (line: Line) => finestOf(readLine(values, data, line, channel));
  const stepAlong = (side: number) => Math.max(BLOCK, Math.ceil(side / ENOUGH));
  const blocks: Finest[] = [];
  for (let top = 0; top + values.length <= height; top += stepAlong(height)) {
    for (let left = 0; left + values.length <= width; left += stepAlong(width)) {
      const corner = top * width + left;
      if (isPlain(image, corner)) continue;
      const lines = Array.from({ length: BLOCK }, (_, i) => [
        finestAlong({ start: corner + i * width, stride: 1 }),
        finestAlong({ start: corner + i, stride: width }),
      ]);
      blocks.push(sum(lines.flat()));
    }
  }
  return blocks;
}

/** Whether a block is of one colour. */
function isPlain({ width, data }: Rgba, corner: number): boolean {
  for (let i = 0; i < BLOCK ** 2; i++) {
    const at = 4 * (corner + Math.floor(i / BLOCK) * width + (i % BLOCK));
    for (let c = 0; c < 3; c++) if (data[at + c] !== data[4 * corner + c]) return false;
  }
  return true;
}
