import type { Plane, Rgba } from "./image.ts";

/** Longest side, in px, of the middle of a picture, in which traces of lossy storage are looked for. */
const SIDE = 192;

/**
 * Shares of red, green and blue.
 * @see ITU-T T.871 section 7
 */
export const LUMA = [0.299, 0.587, 0.114] as const;
export const CHROMA = [
  [-0.1687, -0.3313, 0.5],
  [0.5, -0.4187, -0.0813],
] as const;

/** One channel of the middle of a picture, as a weighted sum of red, green and blue without offset. */
export function middleOf(
  { width, height, data: rgba }: Rgba,
  [red, green, blue]: readonly [number, number, number],
): Plane {
  const size = { width: Math.min(width, SIDE), height: Math.min(height, SIDE) };
  const [left, top] = [(width - size.width) >> 1, (height - size.height) >> 1];
  const data = new Float64Array(size.width * size.height);
  for (let i = 0; i < data.length; i++) {
    const at = 4 * ((top + Math.floor(i / size.width)) * width + left + (i % size.width));
    data[i] = red * (rgba[at] ?? 0) + green * (rgba[at + 1] ?? 0) + blue * (rgba[at + 2] ?? 0);
  }
  return { ...size, data };
}
