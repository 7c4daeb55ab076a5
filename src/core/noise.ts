import { isOpaque } from "./alpha.ts";
import type { Rgba } from "./image.ts";

/** Shares of red, green and blue in the value of a pixel, scaled so that noise is as strong in it as in each of them. */
type Channel = readonly [ofRed: number, ofGreen: number, ofBlue: number];

/** Differences of colours hold hardly any of the finest detail of a photograph, but noise that differs between colours. */
const COLOURS: readonly Channel[] = [
  [Math.SQRT1_2, -Math.SQRT1_2, 0],
  [0, -Math.SQRT1_2, Math.SQRT1_2],
];

/** Brightness holds noise that is the same in all colours, but detail hides it except in the quietest blocks. */
const BRIGHTNESS: Channel = [1 / 3, 1 / 3, 1 / 3];

/** Least standard deviation of noise, 0..255. */
const SIGMA = 3.5;

/** Least ratio of finest to fine detail: 1 in noise, 0.35 in the brightness of photographs, more of which is mistaken for noise. */
const [FLAT_COLOUR, FLAT_BRIGHTNESS] = [0.5, 0.65];

/** Side of a block in pixels, least share of blocks with noise that differs between colours, and share that counts as the quietest. */
const [BLOCK, NOISY, QUIETEST] = [16, 0.4, 0.25];

/** Most blocks across and down that are looked at: so many stand for the whole picture. */
const ENOUGH = 16;

/** Mean square of the fourth differences of white noise, as a multiple of that of the noise itself. */
const FOURTH = 1 + 4 ** 2 + 6 ** 2 + 4 ** 2 + 1;

/** Pixels on either side that a fourth difference takes, and side of a block together with them. */
const REACH = 2;
const SIDE = BLOCK + 2 * REACH;

/** Whether most of a picture, or nearly, has noise, such as that of a sensor, a renderer or film. */
export function isNoisy(image: Rgba): boolean {
  // Transparent pixels may have any colour.
  if (!isOpaque(image)) return false;
  const corners = blockCorners(image);
  const noisy = corners.filter((corner) =>
    COLOURS.every((colour) => isNoise(detailOf(image, corner, colour), FLAT_COLOUR)),
  );
  if (noisy.length > NOISY * corners.length) return true;
  return isNoise(quietest(corners.map((corner) => detailOf(image, corner, BRIGHTNESS))), FLAT_BRIGHTNESS);
}

/** Index of the first pixel of each block, without the blocks of one colour. */
function blockCorners(image: Rgba): number[] {
  const { width, height } = image;
  const along = (side: number) => {
    const step = Math.max(BLOCK, Math.ceil(side / ENOUGH));
    const count = Math.max(0, Math.floor((side - SIDE) / step) + 1);
    return Array.from({ length: count }, (_, i) => REACH + i * step);
  };
  const corners = along(height).flatMap((y) => along(width).map((x) => y * width + x));
  return corners.filter((corner) => !isPlain(image, corner));
}

function isPlain({ width, data }: Rgba, corner: number): boolean {
  for (let i = 0; i < BLOCK ** 2; i++) {
    const at = 4 * (corner + Math.floor(i / BLOCK) * width + (i % BLOCK));
    for (let c = 0; c < 3; c++) if (data[at + c] !== data[4 * corner + c]) return false;
  }
  return true;
}

function isNoise({ fine, finest }: Detail, flatness: number): boolean {
  return fine > SIGMA ** 2 && finest > flatness * fine;
}

/** The mean of the blocks with the least detail; 0 where there is no block. */
function quietest(blocks: readonly Detail[]): Detail {
  const quiet = blocks.toSorted((a, b) => a.fine - b.fine).slice(0, Math.ceil(QUIETEST * blocks.length));
  let [fine, finest] = [0, 0];
  for (const block of quiet) {
    fine += block.fine / quiet.length;
    finest += block.finest / quiet.length;
  }
  return { fine, finest };
}

/** Strength of detail, as the mean square of white noise that has as much of it. */
interface Detail {
  /** Detail that is fine along rows or along columns, averaged. */
  readonly fine: number;
  /** Detail that is fine along both. */
  readonly finest: number;
}

function detailOf({ width, data }: Rgba, corner: number, [ofRed, ofGreen, ofBlue]: Channel): Detail {
  const values = new Float64Array(SIDE ** 2);
  for (let i = 0; i < values.length; i++) {
    const at = 4 * (corner + (Math.floor(i / SIDE) - REACH) * width + (i % SIDE) - REACH);
    values[i] = ofRed * (data[at] ?? 0) + ofGreen * (data[at + 1] ?? 0) + ofBlue * (data[at + 2] ?? 0);
  }
  const alongRows = fourthDifferences(values, 1);
  const alongColumns = fourthDifferences(values, SIDE);
  return {
    fine: (meanSquare(alongRows) + meanSquare(alongColumns)) / 2 / FOURTH,
    finest: meanSquare(fourthDifferences(alongRows, SIDE)) / FOURTH ** 2,
  };
}

/** Fourth difference at each value with {@link REACH} values on either side, `stride` apart; 0 for the others. */
function fourthDifferences(values: Float64Array, stride: number): Float64Array {
  const result = new Float64Array(values.length);
  for (let i = REACH * stride; i < values.length - REACH * stride; i++) {
    const beside = (values[i - stride] ?? 0) + (values[i + stride] ?? 0);
    const beyond = (values[i - 2 * stride] ?? 0) + (values[i + 2 * stride] ?? 0);
    result[i] = 6 * (values[i] ?? 0) - 4 * beside + beyond;
  }
  return result;
}

/** Over the block's own pixels, without those around it. */
function meanSquare(values: Float64Array): number {
  let sum = 0;
  for (let y = REACH; y < REACH + BLOCK; y++) {
    for (let x = REACH; x < REACH + BLOCK; x++) sum += (values[y * SIDE + x] ?? 0) ** 2;
  }
  return sum / BLOCK ** 2;
}
