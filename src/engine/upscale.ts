import type { Rgb, Scale, Size, Variant } from "../core/image.ts";
import { planTiles, type Reach, type Tile, type Tiling } from "../core/tiles.ts";
import { type Part, trim } from "../core/trim.ts";
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

/** Pixels of one colour that the network sees beyond what it is to draw, at least. */
const MARGIN = 8;

/**
 * [h, w, 3] -> [s*h, s*w, 3], tile by tile. Edges of one colour cost nothing: as the network has them near the rest, they go on
 * to the tile's end.
 */
export async function upscaleRgb(engine: Engine, image: Rgb, scale: Scale, options: UpscaleOptions): Promise<Rgb> {
  const tiles = planTiles(image.width, image.height, options.tiling);
  const width = scale * image.width;
  const height = scale * image.height;
  const output = { width, height, data: new Uint8ClampedArray(3 * width * height) };
  const waiting = tiles.values();
  let done = 0;
  const lane = async () => {
    for (const tile of waiting) {
      const input = cut(image, tile);
      // Where tiles go through the network together, all are of one size.
      const part = options.tiling.equal ? whole(input) : trim(input, MARGIN);
      const upscaled = await engine.upscale(cut(input, part), scale, options.variant);
      paste(output, upscaled, { tile, part, scale });
      options.onTile?.(++done, tiles.length);
      await options.pause?.();
    }
  };
  await Promise.all(Array.from({ length: options.concurrency ?? 1 }, lane));
  return output;
}

function whole({ width, height }: Size): Part {
  return { x: { from: 0, to: width }, y: { from: 0, to: height } };
}

/** A part of a picture; beyond its right and lower edge as the network itself continues it. */
export function cut({ width, height, data }: Rgb, { x, y }: Part): Rgb {
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

interface PasteOptions {
  readonly tile: Tile;
  /** What of the tile was upscaled; beyond it, its outermost pixels go on. */
  readonly part: Part;
  readonly scale: Scale;
}

function paste(output: Rgb, { width, data }: Rgb, { tile: { x, y }, part, scale }: PasteOptions): void {
  const columns = Array.from({ length: scale * (x.keepTo - x.keepFrom) }, (_, i) =>
    nearest(i + scale * (x.keepFrom - x.from), part.x, scale),
  );
  for (let row = scale * y.keepFrom; row < scale * y.keepTo; row++) {
    const line = width * nearest(row - scale * y.from, part.y, scale);
    let to = 3 * (row * output.width + scale * x.keepFrom);
    for (const column of columns) {
      const from = 3 * (line + column);
      for (let c = 0; c < 3; c++) output.data[to++] = data[from + c] ?? 0;
    }
  }
}

/** Where a line of an upscaled tile stands in its upscaled part, or the one that stands for it: of the outermost pixel's, as far within it. */
function nearest(line: number, { from, to }: Reach, scale: Scale): number {
  const pixel = Math.max(from, Math.min(Math.floor(line / scale), to - 1));
  return scale * (pixel - from) + (line % scale);
}
