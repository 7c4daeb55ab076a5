import type { Rgb } from "../../../src/core/image.ts";

/** Edges, a gradient and stripes that get finer to the right and below: 2 * x / `chirp` radians per pixel across. */
export function drawing(width: number, height: number, chirp = 90): Rgb {
  const data = new Uint8ClampedArray(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = Math.hypot(x - width / 2, y - height / 2) < height / 3;
      const stripes = 60 * Math.sin((x * x + y * y) / chirp);
      data.set(inside ? [220, 60 + 2 * y, 40] : [x + stripes, 120 + stripes, 255 - y], 3 * (y * width + x));
    }
  }
  return { width, height, data };
}
