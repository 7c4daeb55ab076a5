import type { Size } from "./image.ts";

/** Part of an axis, in pixels. */
export interface Reach {
  readonly from: number;
  readonly to: number;
}

/** One tile along one axis, in input pixels: `from..to` goes through the network, `keepFrom..keepTo` of it is kept. */
export interface Span extends Reach {
  readonly keepFrom: number;
  readonly keepTo: number;
}

export interface Tile {
  readonly x: Span;
  readonly y: Span;
}

/** How a picture is cut. Lengths are in input pixels and multiples of 16, so that attention windows lie as in the whole picture. */
export interface Tiling {
  /** Longest side of what goes through the network at once, halo included. */
  readonly size: number;
  /** Pixels that neighbouring tiles share; each keeps half, so the halo is half of it. */
  readonly overlap: number;
  /**
   * For batches: all tiles along an axis longer than a tile have one size. The last begins earlier instead of being shorter,
   * and may reach up to 15 px beyond the picture, as far as the network itself pads it.
   */
  readonly equal?: boolean;
}

/** The network pads sides to multiples of this, in input pixels: the side of an attention window, 8 after the 2x2 max-pool. */
export const GRID = 16;

/** Pixels along one axis once the network has padded them to a multiple of {@link GRID}. */
export function padded(side: number): number {
  return GRID * Math.ceil(side / GRID);
}

/** Pixels that the network computes for a picture or a tile, padding included. */
export function networkPixels({ width, height }: Size): number {
  return padded(width) * padded(height);
}

/** Cuts `length` pixels into overlapping spans whose kept parts cover each pixel exactly once. */
export function planSpans(length: number, { size, overlap, equal = false }: Tiling): Span[] {
  if (size % GRID !== 0 || overlap % GRID !== 0 || overlap >= size) {
    throw new RangeError(
      `Expected multiples of ${GRID} with overlap < size for tiling, got size ${size}, overlap ${overlap}`,
    );
  }
  const spans: Span[] = [];
  const end = equal && length > size ? padded(length) : length;
  let keepFrom = 0;
  for (let at = 0; keepFrom < length; at += size - overlap) {
    const to = Math.min(at + size, end);
    const from = equal ? Math.max(0, to - size) : at;
    const keepTo = to === end ? length : to - overlap / 2;
    spans.push({ from, to, keepFrom, keepTo });
    keepFrom = keepTo;
  }
  return spans;
}

/** Cuts a picture into tiles, row by row. */
export function planTiles({ width, height }: Size, tiling: Tiling): Tile[] {
  const columns = planSpans(width, tiling);
  return planSpans(height, tiling).flatMap((y) => columns.map((x) => ({ x, y })));
}
