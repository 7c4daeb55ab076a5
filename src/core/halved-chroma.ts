import type { Plane, Rgba } from "./image.ts";
import { CHROMA, LUMA, middleOf } from "./middle.ts";

/**
 * By how much the pairs that agree must outnumber the others: as a share of all, and in standard deviations of chance. The borders of
 * blocks that were shrunk with a picture make fewer agree.
 */
const [SHARE, DEVIATIONS] = [0.4, 3];

/**
 * Whether chroma was stored at half the resolution each way (4:2:0), as in lossy WebP, video and most JPEG and AVIF, and has not been
 * resized since: enlarged chroma is smoother in the middle of the two pixels that one value became than between such pairs. If the same
 * is true of luma, the whole picture was enlarged.
 * @see docs/adr/0021-halved-chroma.md
 */
export function hasHalvedChroma(image: Rgba): boolean {
  return arePairs(CHROMA.map((shares) => middleOf(image, shares))) && !arePairs([middleOf(image, LUMA)]);
}

function arePairs(planes: readonly Plane[]): boolean {
  return arePairsAlong(planes, "rows") && arePairsAlong(planes, "columns");
}

/** Whether third differences about the middle of pixels 1 and 2, 3 and 4 … are mostly larger, or smaller, than of 2 and 3, 4 and 5 …. */
function arePairsAlong(planes: readonly Plane[], lines: "rows" | "columns"): boolean {
  const ahead: number[] = [];
  for (const { width, height, data } of planes) {
    const [count, length] = lines === "rows" ? [height, width] : [width, height];
    const [next, stride] = lines === "rows" ? [width, 1] : [1, width];
    for (let i = 0; i + 4 < length; i += 2) {
      let sum = ahead[i / 2] ?? 0;
      for (let line = 0; line < count; line++) {
        const at = line * next + i * stride;
        sum += thirdDifference(data, at, stride) - thirdDifference(data, at + stride, stride);
      }
      ahead[i / 2] = sum;
    }
  }
  const agreeing = ahead.reduce((total, sum) => total + Math.sign(sum), 0);
  return Math.abs(agreeing) > Math.max(SHARE * ahead.length, DEVIATIONS * Math.sqrt(ahead.length));
}

/** Absolute third difference of the four values from `at` on, `stride` apart. */
function thirdDifference(data: Float64Array, at: number, stride: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [data[at], data[at + stride], data[at + 2 * stride], data[at + 3 * stride]];
  return Math.abs(d - a + 3 * (b - c));
}
