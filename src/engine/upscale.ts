import type { Rgb, Scale, Variant } from "../core/image.ts";
import { planTiles, type Span, type Tile, type Tiling } from "../core/tiles.ts";
import type { Engine } from "./engine.ts";

export interface UpscaleOptions {
  /** How the picture is cut; chosen by whoever knows how much memory there is. */
  readonly tiling: Tiling;
  /** Of the model; "clean" by default. */
  readonly variant?: Variant | undefined;
  /** Awaited after each tile. */
  readonly pause?: (() => Promise<void>) | undefined;
  /** Tiles handed to the engine at the same time; 1 by default. */
  readonly concurrency?: number | undefined;
  /** Called after each tile, colour and alpha counted together. */
  readonly onTile?: (done: number, total: number) => void;
}

/** [h, w, 3] -> [s*h, s*w, 3], tile by tile. */
export async function upscaleRgb(engine: Engine, image: Rgb, scale: Scale, options: UpscaleOptions): Promise<Rgb> {
  const tiles = planTiles(image.width, image.height, options.tiling);
  const width = scale * image.width;
  const height = scale * image.height;
  const output = { width, height, data: new Uint8ClampedArray(3 * width * height) };
  const waiting = tiles.values();
  let done = 0;
  const lane = async () => {
    for (const tile of waiting) {
      const upscaled = await engine.upscale(cut(image, tile), scale, options.variant);
      paste(output, upscaled, tile, scale);
      options.onTile?.(++done, tiles.length);
      await options.pause?.();
    }
  };
  await Promise.all(Array.from({ length: options.concurrency ?? 1 }, lane));
  return output;
}

/** What a cut takes, along one axis. */
type Reach = Pick<Span, "from" | "to">;

/** A tile out of a picture; beyond its right and lower edge as the network itself continues it. */
export function cut({ width, height, data }: Rgb, { x, y }: { readonly x: Reach; readonly y: Reach }): Rgb {
  const columns = x.to - x.from;
  const rows = y.to - y.from;
  const inside = Math.min(columns, width - x.from);
  const tile = new Uint8ClampedArray(3 * columns * rows);
  for (let row = 0; row < rows; row++) {
    const line = 3 * width * mirrored(y.from + row, height);
    const start = line + 3 * x.from;
    tile.set(data.subarray(start, start + 3 * inside), 3 * row * columns);
    for (let column = inside; column < columns; column++) {
      const from = line + 3 * mirrored(x.from + column, width);
      tile.set(data.subarray(from, from + 3), 3 * (row * columns + column));
    }
  }
  return { width: columns, height: rows, data: tile };
}

/** What the network itself pads a picture with to the right and below: its reflection, as often as a short side needs it. */
function mirrored(index: number, length: number): number {
  const period = Math.max(1, 2 * (length - 1));
  return Math.min(index % period, period - (index % period));
}

function paste(output: Rgb, upscaled: Rgb, { x, y }: Tile, scale: Scale): void {
  const bytes = 3 * scale * (x.keepTo - x.keepFrom);
  for (let row = scale * y.keepFrom; row < scale * y.keepTo; row++) {
    const start = 3 * ((row - scale * y.from) * upscaled.width + scale * (x.keepFrom - x.from));
    output.data.set(upscaled.data.subarray(start, start + bytes), 3 * (row * output.width + scale * x.keepFrom));
  }
}
