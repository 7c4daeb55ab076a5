import sharp from "sharp";
import type { Rgb } from "../../../src/core/image.ts";

/** Some of the pictures we made ourselves (src/web/samples/README.md). */
export const SAMPLES = ["scene.png", "landscape.jpg", "text.png", "lines.png"];

/** The upper left part of a sample, at most of this size and with sides that are multiples of `multipleOf`. */
export async function readSample(name: string, part: { width?: number; height?: number; multipleOf?: number }) {
  const sample = sharp(`src/web/samples/${name}`).removeAlpha().toColourspace("srgb");
  const whole = await sample.metadata();
  const multiple = part.multipleOf ?? 1;
  const side = (there: number, wanted = there) => Math.floor(Math.min(there, wanted) / multiple) * multiple;
  const [width, height] = [side(whole.width, part.width), side(whole.height, part.height)];
  const data = await sample.extract({ left: 0, top: 0, width, height }).raw().toBuffer();
  return { width, height, data: new Uint8ClampedArray(data) } satisfies Rgb;
}
