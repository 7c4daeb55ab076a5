import { type AlphaPlane, bleedColours, joinAlpha, premultiply, splitAlpha } from "../core/alpha.ts";
import { greyOf, isGrey, rgbOf } from "../core/grey.ts";
import type { Rgb, Rgba, Scale, Variant } from "../core/image.ts";
import type { Engine, Network } from "./engine.ts";
import { type UpscaleOptions, upscaleRgb } from "./upscale.ts";

export interface UpscaleRgbaOptions extends UpscaleOptions {
  /** Variant of the network for transparency; by default the one for colours. */
  readonly alphaVariant?: Variant | undefined;
}

/**
 * [h, w, 4] -> [s*h, s*w, 4]. A grey picture stays grey, although the network would tint it in places. Varying transparency goes
 * through the network as a grey picture of its own, and the colours as they look on black, so that both have the same edges. If
 * alpha is only 0 or 255, the colours are extended beyond the edges instead.
 */
export async function upscaleRgba(
  engine: Engine,
  image: Rgba,
  network: Network,
  options: UpscaleRgbaOptions,
): Promise<Rgba> {
  const { rgb: stored, alpha } = splitAlpha(image);
  const level = alpha[0] ?? 255;
  const constant = alpha.every((a) => a === level);
  const onBlack = !constant && alpha.some((a) => a > 0 && a < 255);
  const passes = constant ? 1 : 2;
  const onPass = (pass: number): UpscaleOptions => ({
    ...options,
    onTile: (done, total) => options.onTile?.(pass * total + done, passes * total),
  });

  const visible = constant ? image : bleedColours(image);
  const untinted = isGrey(visible) ? withoutColour : (upscaled: Rgb) => upscaled;
  const rgb = constant ? stored : splitAlpha(visible).rgb;
  const colours = untinted(await upscaleRgb(engine, onBlack ? premultiply(rgb, alpha) : rgb, network, onPass(0)));
  if (constant) return joinAlpha(colours, level);
  const { scale, variant } = network;
  const ofAlpha = { scale, variant: options.alphaVariant ?? variant };
  const grey = await upscaleRgb(engine, rgbOf(alpha, image), ofAlpha, onPass(1));
  return join(colours, greyOf(grey), { source: visible, scale, onBlack });
}

function withoutColour(image: Rgb): Rgb {
  return rgbOf(greyOf(image), image);
}

interface JoinOptions {
  readonly source: Rgba;
  readonly scale: Scale;
  /** Whether the colours have been multiplied by alpha. */
  readonly onBlack: boolean;
}

/**
 * Alpha is kept exactly where 3x3 pixels of `source` agree in it. Colours on black are divided by alpha. A small alpha magnifies
 * the network's small errors, and at an edge the network overshoots, up to two pixels away. So unless the 5x5 pixels around are
 * opaque, a pixel is clamped to the colours of those 3x3, each of which has one.
 */
function join({ width, height, data }: Rgb, alpha: AlphaPlane, { source, scale, onBlack }: JoinOptions): Rgba {
  const result = new Uint8ClampedArray(4 * width * height);
  for (let pixel = 0; pixel < source.width * source.height; pixel++) {
    const column = pixel % source.width;
    const row = Math.floor(pixel / source.width);
    const here = source.data.subarray(4 * pixel, 4 * pixel + 4);
    const { least, most } = around(source, row, column);
    const isInside = !onBlack || isOpaqueAround(source, row, column);
    for (let y = scale * row; y < scale * (row + 1); y++) {
      for (let at = y * width + scale * column, end = at + scale; at < end; at++) {
        const a = (least[3] === most[3] ? here[3] : alpha[at]) ?? 0;
        const opacity = onBlack ? a / 255 : 1;
        for (let c = 0; c < 3; c++) {
          const colour = opacity > 0 ? (data[3 * at + c] ?? 0) / opacity : (here[c] ?? 0);
          result[4 * at + c] = isInside ? colour : Math.max(least[c] ?? 0, Math.min(colour, most[c] ?? 0));
        }
        result[4 * at + 3] = a;
      }
    }
  }
  return { width, height, data: result };
}

/** Whether the 5x5 pixels around a position are opaque. */
function isOpaqueAround({ width, height, data }: Rgba, row: number, column: number): boolean {
  for (let y = Math.max(0, row - 2); y <= Math.min(height - 1, row + 2); y++) {
    for (let x = Math.max(0, column - 2); x <= Math.min(width - 1, column + 2); x++) {
      if (data[4 * (y * width + x) + 3] !== 255) return false;
    }
  }
  return true;
}

/** Minimum and maximum of each channel over the 3x3 pixels around a position. */
function around({ width, height, data }: Rgba, row: number, column: number) {
  const least = new Uint8ClampedArray(4).fill(255);
  const most = new Uint8ClampedArray(4);
  for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++) {
    for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x++) {
      for (let c = 0; c < 4; c++) {
        const value = data[4 * (y * width + x) + c] ?? 0;
        least[c] = Math.min(least[c] ?? 0, value);
        most[c] = Math.max(most[c] ?? 0, value);
      }
    }
  }
  return { least, most };
}
