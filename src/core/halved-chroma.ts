import type { Plane, Rgba } from "./image.ts";
import { CHROMA, LUMA, middleOf } from "./middle.ts";

/** Third differences within pairs are smaller or larger than those between pairs by so much of both, and so many standard deviations. */
const [SHARE, DEVIATIONS] = [0.025, 6];

/** Blocks of 16 pixels that were shrunk to half show at one of so many pairs, and count as nothing alone. */
const PLACES = 4;

/**
 * Whether chroma was stored at half the resolution each way (4:2:0), as in lossy WebP, in video and in most of JPEG and AVIF, and has
 * not been resized since: enlarged, it is smoother around the middle of the two pixels that one value became than between such pairs.
 * Where luma is so too, the whole picture was enlarged.
 * @see docs/adr/0021-halved-chroma.md
 */
export function hasHalvedChroma(image: Rgba): boolean {
  return arePairs(CHROMA.map((shares) => middleOf(image, shares))) && !arePairs([middleOf(image, LUMA)]);
}

function arePairs(planes: readonly Plane[]): boolean {
  return arePairsAlong(planes, "rows") && arePairsAlong(planes, "columns");
}

/** How much the first third difference of each pair is ahead of the second, summed up. */
interface Tally {
  ahead: number;
  squares: number;
  both: number;
}

/** Compares third differences around the middles of pixels 1 and 2, 3 and 4 … with those around 2 and 3, 4 and 5 …. */
function arePairsAlong(planes: readonly Plane[], lines: "rows" | "columns"): boolean {
  const tallies: Tally[] = Array.from({ length: PLACES }, () => ({ ahead: 0, squares: 0, both: 0 }));
  for (const { width, height, data } of planes) {
    const [count, length] = lines === "rows" ? [height, width] : [width, height];
    const [next, stride] = lines === "rows" ? [width, 1] : [1, width];
    tallies.forEach((tally, place) => {
      for (let line = 0; line < count; line++) {
        for (let i = 2 * place; i + 4 < length; i += 2 * PLACES) {
          const at = line * next + i * stride;
          add(thirdDifference(data, at, stride), thirdDifference(data, at + stride, stride), tally);
        }
      }
    });
  }
  const ratios = tallies.map((each) => aheadness(tallies.filter((other) => other !== each)));
  return ratios.every((ratio) => ratio > 1) || ratios.every((ratio) => ratio < -1);
}

function add(first: number, second: number, tally: Tally): void {
  tally.ahead += first - second;
  tally.squares += (first - second) ** 2;
  tally.both += first + second;
}

/** More than 1 or less than -1 where it is enough. */
function aheadness(tallies: readonly Tally[]): number {
  const total = (key: keyof Tally) => tallies.reduce((sum, tally) => sum + tally[key], 0);
  return total("ahead") / Math.max(SHARE * total("both"), DEVIATIONS * Math.sqrt(total("squares")));
}

/** Of four values, `stride` apart from `at` on. */
function thirdDifference(data: Float64Array, at: number, stride: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [data[at], data[at + stride], data[at + 2 * stride], data[at + 3 * stride]];
  return Math.abs(d - a + 3 * (b - c));
}
