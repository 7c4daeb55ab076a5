import { isOpaque } from "./alpha.ts";
import type { Rgba } from "./image.ts";

/** Shares of red, green and blue in a value of a pixel; noise is as strong in it as it is in each of them. */
type Channel = readonly [ofRed: number, ofGreen: number, ofBlue: number];

/** What is not grey: hardly any of the finest detail of a photograph, but noise that is another in each colour. */
const COLOURS: readonly Channel[] = [
  [Math.SQRT1_2, -Math.SQRT1_2, 0],
  [0, -Math.SQRT1_2, Math.SQRT1_2],
];

/** Noise that is the same in all colours, and hidden by detail but in the quietest blocks. */
const BRIGHTNESS: Channel = [1 / 3, 1 / 3, 1 / 3];

/** Standard deviation of noise, 0..255. */
const SIGMA = 3.5;

/** How flat a spectrum is towards the finest: 1 in noise, 0.35 in the brightness of photographs, where more is mistaken for noise. */
const [FLAT_COLOUR, FLAT_BRIGHTNESS] = [0.5, 0.65];

/** Pixels of a block's side; of blocks, the share that has noise of its own in each colour, at least, and the share that is the quietest. */
const [BLOCK, NOISY, QUIETEST] = [16, 0.4, 0.25];

/** So many blocks across and down tell what there is all over a picture. */
const ENOUGH = 16;

/** Of white noise the square of a fourth difference is so many times that of the noise, in the mean. */
const FOURTH = 1 + 4 ** 2 + 6 ** 2 + 4 ** 2 + 1;

/** A fourth difference takes so many pixels on either side; a block with these has so many a side. */
const REACH = 2;
const SIDE = BLOCK + 2 * REACH;

/** Whether there is noise in most of a picture, or nearly, as of a sensor, a renderer or film. */
export function isNoisy(image: Rgba): boolean {
  // What is transparent has any colour.
  if (!isOpaque(image)) return false;
  const corners = blockCorners(image);
  const noisy = corners.filter((corner) =>
    COLOURS.every((colour) => isNoise(detailOf(image, corner, colour), FLAT_COLOUR)),
  );
  if (noisy.length > NOISY * corners.length) return true;
  return isNoise(quietest(corners.map((corner) => detailOf(image, corner, BRIGHTNESS))), FLAT_BRIGHTNESS);
}

/** The pixels that blocks begin with; none of blocks of one colour. */
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

/** How strong white noise would be that has as much of it: its mean square. */
interface Detail {
  /** Detail that is fine along rows, and along columns. */
  readonly fine: number;
  /** … that is fine along both. */
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

/** Of each value that has so many on either side, `stride` apart. */
function fourthDifferences(values: Float64Array, stride: number): Float64Array {
  const result = new Float64Array(values.length);
  for (let i = REACH * stride; i < values.length - REACH * stride; i++) {
    const beside = (values[i - stride] ?? 0) + (values[i + stride] ?? 0);
    const beyond = (values[i - 2 * stride] ?? 0) + (values[i + 2 * stride] ?? 0);
    result[i] = 6 * (values[i] ?? 0) - 4 * beside + beyond;
  }
  return result;
}

/** Of the block's own pixels. */
function meanSquare(values: Float64Array): number {
  let sum = 0;
  for (let y = REACH; y < REACH + BLOCK; y++) {
    for (let x = REACH; x < REACH + BLOCK; x++) sum += (values[y * SIDE + x] ?? 0) ** 2;
  }
  return sum / BLOCK ** 2;
}
