import sharp from "sharp";
import type { Rgba } from "../../src/core/image.ts";

/** Draws an SVG of `width` x `height` units at `factor` pixels a unit. */
export async function rasterise(width: number, height: number, factor: number, content: string): Promise<Rgba> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${content}</svg>`;
  const picture = sharp(Buffer.from(svg), { density: 72 * factor })
    .ensureAlpha()
    .raw();
  const { data, info } = await picture.toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8ClampedArray(data) };
}

/** A number for SVG, rounded to two decimals: a hundredth of a sample's pixel. */
export function fixed(value: number): string {
  return value.toFixed(2);
}
