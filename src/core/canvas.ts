import type { Point, Rect, Rgba, Size } from "./image.ts";

/** Cuts a part, in whole pixels, out of a picture; returns the picture itself if that is all of it. */
export function cut(image: Rgba, { x, y, width, height }: Rect): Rgba {
  if (width === image.width && height === image.height) return image;
  const data = new Uint8ClampedArray(4 * width * height);
  for (let row = 0; row < height; row++) {
    const start = 4 * (image.width * (y + row) + x);
    data.set(image.data.subarray(start, start + 4 * width), 4 * width * row);
  }
  return { width, height, data };
}

/** Puts a picture on a larger one of one colour, [r, g, b, alpha], 0..255: at (`x`, `y`), in the middle by default. */
export function pad(
  image: Rgba,
  { width, height, x = (width - image.width) >> 1, y = (height - image.height) >> 1 }: Size & Partial<Point>,
  colour: readonly [number, number, number, number],
): Rgba {
  if (width === image.width && height === image.height) return image;
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < data.length; i += 4) data.set(colour, i);
  for (let row = 0; row < image.height; row++) {
    const line = image.data.subarray(4 * image.width * row, 4 * image.width * (row + 1));
    data.set(line, 4 * (width * (y + row) + x));
  }
  return { width, height, data };
}
