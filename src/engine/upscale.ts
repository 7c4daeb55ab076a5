import type { Rgb, Scale } from "../core/image.ts";
import { planTiles, type Reach, type Span, type Tile, type Tiling } from "../core/tiles.ts";
import { type Part, trim } from "../core/trim.ts";
import type { Engine, Network } from "./engine.ts";

export interface UpscaleOptions {
  /** How the picture is cut; chosen by whoever knows how much memory there is. */
  readonly tiling: Tiling;
  /** Awaited after each tile, so that other work can run in between. */
  readonly pause?: (() => Promise<void>) | undefined;
  /** Tiles handed to the engine at the same time; 1 by default. */
  readonly concurrency?: number | undefined;
  /** Called after each tile, colour and alpha counted together. */
  readonly onTile?: (done: number, total: number) => void;
}

/** Least number of pixels of one colour that the network sees around the rest. */
const MARGIN = 8;

/** Pixels along a trimmed edge whose result is not kept: the network is slightly off beside the edge of its input. */
const RIM = 4;

/** [h, w, 3] -> [s*h, s*w, 3], tile by tile. Edges of a tile that are of one colour skip the network and are only repeated. */
export async function upscaleRgb(engine: Engine, image: Rgb, network: Network, options: UpscaleOptions): Promise<Rgb> {
  const { scale } = network;
  const tiles = planTiles(image, options.tiling);
  const output = repeat(image, scale);
  const waiting = tiles.values();
  let done = 0;
  const lane = async () => {
    for (const tile of waiting) {
      const part = withoutGround(image, tile, options.tiling);
      if (part) paste(output, await engine.upscale(mirroredCut(image, part), network), part, scale);
      options.onTile?.(++done, tiles.length);
      await options.pause?.();
    }
  };
  await Promise.all(Array.from({ length: options.concurrency ?? 1 }, lane));
  return output;
}

/** The part of a tile that must go through the network, and what is kept of it; undefined if all is of one colour. */
function withoutGround(image: Rgb, tile: Tile, { equal = false }: Tiling): Tile | undefined {
  const part = trim(mirroredCut(image, tile), MARGIN);
  if (part === undefined) return;
  const [x, y] = [narrowed(tile.x, part.x), narrowed(tile.y, part.y)];
  // Tiles of a batch have one size.
  return equal
    ? { x: { ...x, from: tile.x.from, to: tile.x.to }, y: { ...y, from: tile.y.from, to: tile.y.to } }
    : { x, y };
}

function narrowed(span: Span, part: Reach): Span {
  const [from, to] = [span.from + part.from, span.from + part.to];
  return {
    from,
    to,
    keepFrom: from > span.from ? Math.max(span.keepFrom, from + RIM) : span.keepFrom,
    keepTo: to < span.to ? Math.min(span.keepTo, to - RIM) : span.keepTo,
  };
}

/** Repeats each pixel `scale` times in both directions. */
function repeat({ width, height, data }: Rgb, scale: Scale): Rgb {
  const line = 3 * scale * width;
  const repeated = new Uint8ClampedArray(line * scale * height);
  for (let row = 0, to = 0; row < height; row++) {
    const start = to;
    for (let from = 3 * row * width; from < 3 * (row + 1) * width; from += 3) {
      for (let i = 0; i < 3 * scale; i++) repeated[to++] = data[from + (i % 3)] ?? 0;
    }
    for (let i = 1; i < scale; i++, to += line) repeated.copyWithin(to, start, start + line);
  }
  return { width: scale * width, height: scale * height, data: repeated };
}

/** Cuts out a part of a picture. Beyond the right and lower edges it is padded as the network pads. */
export function mirroredCut({ width, height, data }: Rgb, { x, y }: Part): Rgb {
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

/** Index of the pixel that pads a position beyond the right or lower edge: reflected, repeatedly if the side is short. */
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
