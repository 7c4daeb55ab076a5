import type { Size } from "./image.ts";

/** Part of an axis, in pixels. */
export interface Reach {
  readonly from: number;
  readonly to: number;
}

/** One tile along one axis, in input pixels. `from..to` goes through the network, `keepFrom..keepTo` of it is kept. */
export interface Span extends Reach {
  readonly keepFrom: number;
  readonly keepTo: number;
}

export interface Tile {
  readonly x: Span;
  readonly y: Span;
}

/** How a picture is cut; both in input pixels and multiples of 16, so that attention windows stay where they are in the whole picture. */
export interface Tiling {
  /** Longest side of what goes through the network at once, halo included. */
  readonly size: number;
  /** Pixels that neighbouring tiles share; each keeps half, so the halo is half of it. */
  readonly overlap: number;
  /**
   * All tiles of one size along an axis that is longer than a tile: the last begins earlier instead of being shorter, and
   * may reach up to 15 px beyond the picture, as far as the network itself pads it. For batches.
   */
  readonly equal?: boolean;
}

/** What the network computes in steps of, in input pixels: the side of one attention window, 8 after the 2x2 max-pool. */
export const GRID = 16;

/** So many pixels along one axis in steps of {@link GRID}: as the network pads them. */
export function padded(side: number): number {
  return GRID * Math.ceil(side / GRID);
}

/** What the network computes for a picture or a tile. */
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
