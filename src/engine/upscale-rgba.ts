import { type AlphaPlane, bleedColours, joinAlpha, premultiply, splitAlpha } from "../core/alpha.ts";
import { greyOf, isGrey, rgbOf } from "../core/grey.ts";
import type { Rgb, Rgba, Scale } from "../core/image.ts";
import type { Engine } from "./engine.ts";
import { type UpscaleOptions, upscaleRgb } from "./upscale.ts";

/**
 * [h, w, 4] -> [s*h, s*w, 4]. A grey picture stays grey: the network would tint it here and there. Transparency that varies
 * goes through the network as a grey picture of its own, and the colours as they look on black: so both have the same edges.
 */
export async function upscaleRgba(engine: Engine, image: Rgba, scale: Scale, options: UpscaleOptions): Promise<Rgba> {
  const { rgb, alpha } = splitAlpha(image);
  const level = alpha[0] ?? 255;
  const constant = alpha.every((a) => a === level);
  const passes = constant ? 1 : 2;
  const onPass = (pass: number): UpscaleOptions => ({
    ...options,
    onTile: (done, total) => options.onTile?.(pass * total + done, passes * total),
  });

  const visible = constant ? rgb : splitAlpha(bleedColours(image)).rgb;
  const untinted = isGrey(visible) ? withoutColour : (upscaled: Rgb) => upscaled;
  const onBlack = constant ? rgb : premultiply(rgb, alpha);
  const colours = untinted(await upscaleRgb(engine, onBlack, scale, onPass(0)));
  if (constant) return joinAlpha(colours, new Uint8ClampedArray(colours.width * colours.height).fill(level));
  const grey = rgbOf(alpha, image);
  const upscaledAlpha = keepFlat(greyOf(await upscaleRgb(engine, grey, scale, onPass(1))), alpha, image, scale);
  return joinAlpha(straightColours(colours, upscaledAlpha, visible, scale), upscaledAlpha);
}

function withoutColour(image: Rgb): Rgb {
  return rgbOf(greyOf(image), image);
}

/** Alpha stays exactly what it was where 3x3 pixels of it are all alike. */
function keepFlat(upscaled: AlphaPlane, data: AlphaPlane, { width, height }: Rgba, scale: Scale): AlphaPlane {
  const kept = upscaled.slice();
  everySample({ width, height, data, channels: 1 }, scale, (at, value, low, high) => {
    if (low === high) kept[at] = value;
  });
  return kept;
}

/**
 * Undoes {@link premultiply}. Where alpha is small that makes much of the little that the network is off by: so what is not
 * opaque stays within the colours around it in `source`, of which each pixel has one.
 */
function straightColours({ width, height, data }: Rgb, alpha: AlphaPlane, source: Rgb, scale: Scale): Rgb {
  const colours = data.slice();
  everySample({ ...source, channels: 3 }, scale, (at, value, low, high) => {
    const a = alpha[Math.floor(at / 3)] ?? 0;
    if (a === 0) colours[at] = value;
    else if (a < 255) colours[at] = Math.max(low, Math.min((255 * (data[at] ?? 0)) / a, high));
  });
  return { width, height, data: colours };
}

interface Samples {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8ClampedArray;
}

/**
 * Visits every sample of a picture `scale` times as large as `source`: where it is, the value there in `source`, and the
 * smallest and the largest one in the 3x3 pixels around that.
 */
function everySample(
  { width, height, channels, data }: Samples,
  scale: Scale,
  visit: (at: number, value: number, low: number, high: number) => void,
): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < channels; channel++) {
        const [low, high] = around(x, y, channel);
        const value = data[channels * (y * width + x) + channel] ?? 0;
        for (let v = scale * y; v < scale * (y + 1); v++) {
          for (let u = scale * x; u < scale * (x + 1); u++) {
            visit(channels * (v * scale * width + u) + channel, value, low, high);
          }
        }
      }
    }
  }

  function around(x: number, y: number, channel: number): readonly [number, number] {
    let [low, high] = [255, 0];
    for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
      for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
        const value = data[channels * (v * width + u) + channel] ?? 0;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    return [low, high];
  }
}
