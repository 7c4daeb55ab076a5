import { type Point, type Rect, SCALES, type Scale, type Size } from "./image.ts";
import { LANCZOS3 } from "./resample.ts";
import { GRID } from "./tiles.ts";
import type { Fit, Transform } from "./transform.ts";

/** How a result is made of an upright source: `region` is cut out and upscaled, `window` of it resized and put on the canvas. */
export interface ResizePlan {
  /** 1: the network does not run. */
  readonly scale: 1 | Scale;
  /** The part that is upscaled, in whole source pixels: the window, and what the network and the kernel see around it. */
  readonly region: Rect;
  /** The part that is seen in the end, in source pixels; may begin and end within one. */
  readonly window: Rect;
  /** What the window is resized to. */
  readonly size: Size;
  /** Size of the result; larger than `size` with `fit=pad`. */
  readonly canvas: Size;
}

/** A factor of enlargement, as the new and the old length of a side. */
type Ratio = readonly [becomes: number, was: number];

const ONE: Ratio = [1, 1];
const MIDDLE: Point = { x: 0.5, y: 0.5 };

const factorOf = ([becomes, was]: Ratio) => becomes / was;
const smaller = (a: Ratio, b: Ratio) => (factorOf(b) < factorOf(a) ? b : a);
const larger = (a: Ratio, b: Ratio) => (factorOf(b) > factorOf(a) ? b : a);

/** The factor for the picture, from the factors with which it just fits inside the box and just covers it. */
const RATIO: Readonly<Record<Fit, (inside: Ratio, around: Ratio) => Ratio>> = {
  contain: (inside) => inside,
  pad: (inside) => inside,
  "scale-down": (inside) => smaller(ONE, inside),
  "scale-up": (inside) => larger(ONE, inside),
  cover: (_, around) => around,
  crop: (_, around) => smaller(ONE, around),
  squeeze: (_, around) => around,
};

/**
 * Fits a picture into the size asked for. With x1 to x4, the enlarged picture is fitted. With `auto`, the source is fitted,
 * and the network runs at the smallest scale that reaches the result, or not at all if the source is large enough.
 */
export function planResize(source: Size, transform: Transform): ResizePlan {
  const { scale, width = Infinity, height = Infinity, fit = "contain", gravity = MIDDLE } = transform;
  const enlarged = scale === "auto" ? 1 : scale;
  const base = { width: source.width * enlarged, height: source.height * enlarged };
  const across: Ratio = [width, base.width];
  const down: Ratio = [height, base.height];
  const boxed = Math.min(width, height) < Infinity;
  const ratio = boxed ? RATIO[fit](smaller(across, down), larger(across, down)) : ONE;
  const crops = fit === "cover" || fit === "crop";
  const x = fitAxis(base.width, fit === "squeeze" ? across : ratio, crops ? width : Infinity, gravity.x);
  const y = fitAxis(base.height, fit === "squeeze" ? down : ratio, crops ? height : Infinity, gravity.y);

  const size = { width: x.to, height: y.to };
  const [columns, rows] = [divide(x, enlarged), divide(y, enlarged)];
  const [acrossRegion, downRegion] = [around(columns, source.width), around(rows, source.height)];
  return {
    scale: scale === "auto" ? (([1, ...SCALES] as const).find((s) => s >= factorOf(ratio)) ?? 4) : scale,
    region: rect(acrossRegion, downRegion),
    window: rect(columns, rows),
    size,
    canvas: fit === "pad" ? { width, height } : size,
  };
}

/** `start` and `length` of what is seen along one axis, and the number of pixels it becomes. */
interface Axis {
  readonly start: number;
  readonly length: number;
  readonly to: number;
}

/**
 * Scales an axis and, if it becomes longer than `most`, cuts it about `focus` (0 to 1), as far as it goes. The cut begins at a
 * whole pixel of what is fitted, or of the result if that is enlarged, or ends with the axis: an unscaled cut stays sharp.
 */
function fitAxis(length: number, ratio: Ratio, most: number, focus: number): Axis {
  const [becomes, was] = ratio;
  const factor = factorOf(ratio);
  // Multiplied first, because 600 * (138 / 800) is less than 103.5.
  const to = Math.max(1, Math.round((length * becomes) / was));
  if (to <= most) return { start: 0, length, to };
  const part = most / factor;
  const start =
    factor > 1 ? Math.floor((2 * focus * to - most) / 2) / factor : Math.floor((2 * focus * length - part) / 2);
  const last = length - part;
  // `to` is rounded, so its last whole pixel may end before the axis does.
  return { start: focus === 1 ? last : Math.max(0, Math.min(start, last)), length: part, to: most };
}

function divide({ start, length, to }: Axis, by: number): Axis {
  return { start: start / by, length: length / by, to };
}

/** The part of an axis that is upscaled. It begins on the grid, so that attention windows lie as they do in the whole picture. */
function around({ start, length, to }: Axis, whole: number): Axis {
  const margin = Math.max(GRID, Math.ceil((LANCZOS3.radius * length) / to));
  const from = Math.max(0, Math.floor((start - margin) / GRID) * GRID);
  return { start: from, length: Math.min(whole, Math.ceil(start + length + margin)) - from, to };
}

function rect(x: Axis, y: Axis): Rect {
  return { x: x.start, y: y.start, width: x.length, height: y.length };
}
