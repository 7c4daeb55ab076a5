import { expect } from "vitest";
import type { Rgba } from "../../../src/core/image.ts";

/** Largest and mean absolute difference of two pictures of the same size, over all samples. */
export function difference(a: Rgba, b: Rgba): { max: number; mean: number } {
  expect([a.width, a.height, a.data.length]).toEqual([b.width, b.height, 4 * b.width * b.height]);
  let [max, sum] = [0, 0];
  a.data.forEach((value, i) => {
    const distance = Math.abs(value - (b.data[i] ?? Number.NaN));
    max = Math.max(max, distance);
    sum += distance;
  });
  return { max, mean: sum / a.data.length };
}
