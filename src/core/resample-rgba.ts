import type { Rect, Rgba, Size } from "./image.ts";
import { BICUBIC, BOX, type Kernel, LANCZOS3, type Taps, taps } from "./resample.ts";

/** In what pixels are added up. */
interface Curve {
  /** Of each 8-bit value, 0..1. */
  readonly decoded: Float64Array;
  /** The inverse; what is beyond 0 and 255 is cut off. */
  readonly encode: (value: number) => number;
}

/** The values as they are stored. */
const STORED: Curve = {
  decoded: Float64Array.from({ length: 256 }, (_, i) => i / 255),
  encode: (value) => 255 * value,
};

/** In steps that are a twentieth of an 8-bit one where those are finest. */
const STEPS = 65_535;
const CODE = Uint8Array.from({ length: STEPS + 1 }, (_, i) => {
  const light = i / STEPS;
  return Math.round(255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055));
});

/** sRGB's. @see IEC 61966-2-1 */
const LIGHT: Curve = {
  decoded: Float64Array.from({ length: 256 }, (_, i) =>
    i <= 10 ? i / 255 / 12.92 : ((i / 255 + 0.055) / 1.055) ** 2.4,
  ),
  encode: (light) => CODE[Math.round(STEPS * Math.min(1, Math.max(0, light)))] ?? 0,
};

/** Its own size is that of the result: whole pixels, at least 1x1. */
interface ResizeRgbaOptions extends Size {
  /** The part of the picture that is wanted; may begin and end within a pixel. What lies around it is seen by the kernel. */
  readonly window: Rect;
  /** Whether pixels are added up as light is, so that fine detail keeps its brightness; else as they are stored, so that edges stay where they are. */
  readonly light: boolean;
}

/** Pixels for one of the result, along each axis, that its kernel sees at least where others were averaged before. */
const LEAST = 3;

/**
 * Resizes, each pixel counted as much as it is opaque: what stands under transparent pixels does not show. In linear light by cubic convolution, as
 * Lanczos3 draws black lines beside what is bright (ADR 31). Holds a few rows of the picture in floats, and what was averaged, half of it at most.
 */
export function resizeRgba(image: Rgba, { window, width, height, light }: ResizeRgbaOptions): Rgba {
  if (!light) return mixed(image, { window, width, height, curve: STORED, kernel: LANCZOS3 });
  const [across, down] = [whole(window.width / width), whole(window.height / height)];
  return mixed(averaged(image, across, down), {
    window: { x: window.x / across, y: window.y / down, width: window.width / across, height: window.height / down },
    ...{ width, height, curve: LIGHT, kernel: BICUBIC },
  });
}

/** How many pixels may be one, of those for a pixel of the result. */
function whole(pixels: number): number {
  return Math.max(1, Math.floor(pixels / LEAST));
}

/** The mean of each so many pixels, across and down: each is seen once, and not for every row of the result within whose kernel it lies. */
function averaged(image: Rgba, across: number, down: number): Rgba {
  if (across === 1 && down === 1) return image;
  const [width, height] = [Math.ceil(image.width / across), Math.ceil(image.height / down)];
  const window = { x: 0, y: 0, width: across * width, height: down * height };
  return mixed(image, { window, width, height, curve: LIGHT, kernel: BOX });
}

interface MixedOptions extends Size {
  readonly window: Rect;
  readonly curve: Curve;
  readonly kernel: Kernel;
}

function mixed(image: Rgba, { window, width, height, curve, kernel }: MixedOptions): Rgba {
  const columns = taps(image.width, width, { kernel, start: window.x, length: window.width });
  const rows = taps(image.height, height, { kernel, start: window.y, length: window.height });
  // The other way round a wide picture that becomes a tall one would be as wide and as tall in between.
  const mixRow = height > window.height && width < window.width ? columnsFirst : rowsFirst;
  const mix = mixRow(image, curve, columns, rows);
  const data = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++) encode(mix(y), curve, data.subarray(4 * width * y, 4 * width * (y + 1)));
  return { width, height, data };
}

/** Gives the rows of the result, from top to bottom, as what is added up times alpha, 0..255, and alpha, 0..255; each until the next. */
type MixRow = (image: Rgba, curve: Curve, columns: Taps, rows: Taps) => (y: number) => Float64Array;

const rowsFirst: MixRow = (image, curve, columns, rows) => {
  const row = new Float64Array(4 * image.width);
  const mixed = new Float64Array((4 * columns.indices.length) / columns.count);
  return (y) => {
    row.fill(0);
    for (let tap = y * rows.count; tap < (y + 1) * rows.count; tap++) {
      addRow(image, rows.indices[tap] ?? 0, { share: rows.weights[tap] ?? 0, curve, row });
    }
    mixColumns(row, columns, mixed);
    return mixed;
  };
};

const columnsFirst: MixRow = (image, curve, columns, rows) => {
  const row = new Float64Array(4 * image.width);
  const mixed = new Float64Array((4 * columns.indices.length) / columns.count);
  /** Of rows of the picture, the last few. */
  const narrow = new Map<number, Float64Array>();
  const narrowed = (from: number): Float64Array => {
    let result = narrow.get(from);
    if (result === undefined) {
      for (const oldest of narrow.keys()) if (narrow.size >= rows.count) narrow.delete(oldest);
      result = new Float64Array(mixed.length);
      row.fill(0);
      addRow(image, from, { share: 1, curve, row });
      mixColumns(row, columns, result);
      narrow.set(from, result);
    }
    return result;
  };
  return (y) => {
    mixed.fill(0);
    for (let tap = y * rows.count; tap < (y + 1) * rows.count; tap++) {
      const weight = rows.weights[tap] ?? 0;
      const from = narrowed(rows.indices[tap] ?? 0);
      for (let i = 0; i < mixed.length; i++) mixed[i] = (mixed[i] ?? 0) + weight * (from[i] ?? 0);
    }
    return mixed;
  };
};

interface AddRowOptions {
  readonly share: number;
  readonly curve: Curve;
  /** Is added to. */
  readonly row: Float64Array;
}

/** Adds a row of the picture. */
function addRow({ width, data }: Rgba, y: number, { share, curve: { decoded }, row }: AddRowOptions): void {
  const start = 4 * width * y;
  for (let i = 0; i < row.length; i += 4) {
    const weight = share * (data[start + i + 3] ?? 0);
    if (weight === 0) continue;
    row[i] = (row[i] ?? 0) + weight * (decoded[data[start + i] ?? 0] ?? 0);
    row[i + 1] = (row[i + 1] ?? 0) + weight * (decoded[data[start + i + 1] ?? 0] ?? 0);
    row[i + 2] = (row[i + 2] ?? 0) + weight * (decoded[data[start + i + 2] ?? 0] ?? 0);
    row[i + 3] = (row[i + 3] ?? 0) + weight;
  }
}

function mixColumns(row: Float64Array, { count, indices, weights }: Taps, mixed: Float64Array): void {
  for (let to = 0, x = 0; to < mixed.length; to += 4, x++) {
    let [r, g, b, alpha] = [0, 0, 0, 0];
    for (let tap = x * count; tap < (x + 1) * count; tap++) {
      const weight = weights[tap] ?? 0;
      const from = 4 * (indices[tap] ?? 0);
      r += weight * (row[from] ?? 0);
      g += weight * (row[from + 1] ?? 0);
      b += weight * (row[from + 2] ?? 0);
      alpha += weight * (row[from + 3] ?? 0);
    }
    mixed[to] = r;
    mixed[to + 1] = g;
    mixed[to + 2] = b;
    mixed[to + 3] = alpha;
  }
}

function encode(mixed: Float64Array, curve: Curve, target: Uint8ClampedArray): void {
  for (let i = 0; i < mixed.length; i += 4) {
    const alpha = mixed[i + 3] ?? 0;
    // Nothing is left of a colour that cannot be seen.
    if (alpha <= 0.5) continue;
    for (let c = 0; c < 3; c++) target[i + c] = curve.encode((mixed[i + c] ?? 0) / alpha);
    target[i + 3] = alpha;
  }
}
