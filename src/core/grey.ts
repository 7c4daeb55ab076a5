import type { Rgb, Rgba, Size } from "./image.ts";

/** Whether red, green and blue are equal in every pixel. */
export function isGrey({ data }: Rgba): boolean {
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  }
  return true;
}

/** The mean of red, green and blue of each pixel: `[w*h]`. */
export function greyOf({ data }: Rgb): Uint8ClampedArray {
  const grey = new Uint8ClampedArray(data.length / 3);
  for (let i = 0, from = 0; i < grey.length; i++, from += 3) {
    grey[i] = ((data[from] ?? 0) + (data[from + 1] ?? 0) + (data[from + 2] ?? 0)) / 3;
  }
  return grey;
}

/** Inverse of {@link greyOf} for grey pictures. */
export function rgbOf(grey: Uint8ClampedArray, { width, height }: Size): Rgb {
  const data = new Uint8ClampedArray(3 * grey.length);
  for (let i = 0, to = 0; i < grey.length; i++) {
    const value = grey[i] ?? 0;
    data[to++] = value;
    data[to++] = value;
    data[to++] = value;
  }
  return { width, height, data };
}
