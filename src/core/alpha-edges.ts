import type { Rgba } from "./image.ts";

/** Least share of the range within 5x5 pixels that a hard edge covers in one step; `web` would make softer ones hard (ADR 16). */
const HARD = 0.66;
const REACH = 2;

/**
 * Whether transparency has hard edges, antialiased or not, like cut-outs, icons and letters. The steepest edges count most, so a soft
 * shadow beside them does not matter.
 */
export function hasHardAlpha(image: Rgba): boolean {
  const { width, height, data } = image;
  const alpha = (x: number, y: number) => data[4 * (y * width + x) + 3] ?? 0;
  let [all, hard] = [0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const here = alpha(x, y);
      const across = x < width - 1 ? alpha(x + 1, y) - here : 0;
      const down = y < height - 1 ? alpha(x, y + 1) - here : 0;
      if (across === 0 && down === 0) continue;
      const square = across ** 2 + down ** 2;
      all += square;
      hard += (square * Math.sqrt(square)) / rangeAround(image, x, y);
    }
  }
  return hard > HARD * all;
}

/** Range of alpha within 5x5 pixels. */
function rangeAround({ width, height, data }: Rgba, x: number, y: number): number {
  let [least, most] = [255, 0];
  for (let row = Math.max(0, y - REACH); row <= Math.min(height - 1, y + REACH); row++) {
    for (let column = Math.max(0, x - REACH); column <= Math.min(width - 1, x + REACH); column++) {
      const alpha = data[4 * (row * width + column) + 3] ?? 0;
      least = Math.min(least, alpha);
      most = Math.max(most, alpha);
    }
  }
  return most - least;
}
