import type { Rgb } from "./image.ts";
import { GRID, type Reach } from "./tiles.ts";

/** Part of a picture, in pixels. */
export interface Part {
  readonly x: Reach;
  readonly y: Reach;
}

/**
 * The part that is left without the rows and columns of one colour at the edges, except for `margin` pixels of them. Its edges lie on
 * the grid or are those of the picture. Undefined if the whole picture has one colour.
 *
 * @param margin - at least 1, so that the edges left are still of one colour.
 */
export function trim({ width, height, data }: Rgb, margin: number): Part | undefined {
  const isSame = (a: number, b: number) =>
    data[3 * a] === data[3 * b] && data[3 * a + 1] === data[3 * b + 1] && data[3 * a + 2] === data[3 * b + 2];
  const y = trimAxis(height, margin, (row, edge) => {
    for (let x = 0; x < width; x++) if (!isSame(row * width + x, edge * width)) return false;
    return true;
  });
  if (y === undefined) return;
  const x = trimAxis(width, margin, (column, edge) => {
    for (let row = y.from; row < y.to; row++) if (!isSame(row * width + column, y.from * width + edge)) return false;
    return true;
  });
  return x && { x, y };
}

/** @param isLike - whether all of a line has the colour of the first pixel of the edge. */
function trimAxis(length: number, margin: number, isLike: (line: number, edge: number) => boolean): Reach | undefined {
  let [from, to] = [0, length];
  while (from < length && isLike(from, 0)) from++;
  if (from === length) return;
  while (to > from && isLike(to - 1, length - 1)) to--;
  return {
    from: Math.max(0, GRID * Math.floor((from - margin) / GRID)),
    to: Math.min(length, GRID * Math.ceil((to + margin) / GRID)),
  };
}
