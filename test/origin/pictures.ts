import sharp, { type Sharp } from "sharp";
import type { Raster } from "../../src/core/resample.ts";

/** A picture with edges, gradients and grain, the same in each run. */
export function scene(width: number, height: number): Sharp {
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isInside = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 3) ** 2;
      const grain = (7 * x + 13 * y + ((x * y) % 11)) % 9;
      data.set(
        isInside ? [220 - grain, 60 + (y % 64), 40] : [(x % 200) + grain, 120, 200 - (y % 150)],
        3 * (y * width + x),
      );
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** Decodes to RGB with an independent decoder. */
export async function colours(bytes: Uint8Array): Promise<Raster> {
  const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8ClampedArray(data) };
}

/** Peak signal-to-noise ratio over all samples, in dB. */
export function decibel(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`Expected ${b.length} samples, got ${a.length}`);
  const squares = Array.from(a).reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0);
  return 10 * Math.log10((255 ** 2 * a.length) / squares);
}
