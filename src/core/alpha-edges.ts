import type { Rgba } from "./image.ts";

/** So much of what changes within 5x5 pixels a hard edge changes from one to the next; softer ones `web` would make hard (ADR 16). */
const HARD = 0.66;
const REACH = 2;

/**
 * Whether transparency has hard edges, antialiased or not, as cut-outs, icons and letters have. The steepest count most: a soft shadow
 * beside them says nothing.
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

/** Of alpha, in 5x5 pixels. */
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
