import type { Rect, Rgba, Size } from "./image.ts";
import { BICUBIC, BOX, type Kernel, LANCZOS3, type Taps, taps } from "./resample.ts";

/** The scale of values on which pixels are averaged. */
interface Curve {
  /** The value, 0..1, for each 8-bit one. */
  readonly decoded: Float64Array;
  /** The inverse; the result is clamped to 0..255 when it is stored. */
  readonly encode: (value: number) => number;
}

/** The values as they are stored. */
const STORED: Curve = {
  decoded: Float64Array.from({ length: 256 }, (_, i) => i / 255),
  encode: (value) => 255 * value,
};

/** Steps of linear light in {@link CODE}: a twentieth of an 8-bit step where those are finest. */
const STEPS = 65_535;
const CODE = Uint8Array.from({ length: STEPS + 1 }, (_, i) => {
  const light = i / STEPS;
  return Math.round(255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055));
});

/** Linear light of sRGB. @see IEC 61966-2-1 */
const LIGHT: Curve = {
  decoded: Float64Array.from({ length: 256 }, (_, i) =>
    i <= 10 ? i / 255 / 12.92 : ((i / 255 + 0.055) / 1.055) ** 2.4,
  ),
  encode: (light) => CODE[Math.round(STEPS * Math.min(1, Math.max(0, light)))] ?? 0,
};

/** `width` and `height` are those of the result: whole pixels, at least 1x1. */
interface ResizeRgbaOptions extends Size {
  /** The part of the picture that is wanted; may begin and end within a pixel. The kernel also sees what lies around it. */
  readonly window: Rect;
  /** Whether to average in linear light, so that fine detail keeps its brightness, or as stored, so that edges stay where they are. */
  readonly light: boolean;
}

/** Least number of pixels per pixel of the result, along each axis, that averaging leaves to the kernel. */
const LEAST = 3;

/**
 * Resizes with pixels weighted by alpha, so that colours under transparent pixels do not show. In linear light it uses cubic
 * convolution, because Lanczos3 draws black lines beside bright areas (ADR 31). Holds a few rows as floats, and the averaged
 * picture, which is at most half of `image`.
 */
export function resizeRgba(image: Rgba, { window, width, height, light }: ResizeRgbaOptions): Rgba {
  if (!light) return mixed(image, { window, width, height, curve: STORED, kernel: LANCZOS3 });
  const [across, down] = [whole(window.width / width), whole(window.height / height)];
  return mixed(averaged(image, across, down), {
    window: { x: window.x / across, y: window.y / down, width: window.width / across, height: window.height / down },
    ...{ width, height, curve: LIGHT, kernel: BICUBIC },
  });
}

/** How many pixels may be averaged into one, of those per pixel of the result. */
function whole(pixels: number): number {
  return Math.max(1, Math.floor(pixels / LEAST));
}

/** Averages blocks of `across` x `down` pixels: each pixel is then read once, not for every row of the result whose kernel covers it. */
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
  // With rows first, a wide picture that becomes tall would be both wide and tall in between.
  const mixRow = height > window.height && width < window.width ? columnsFirst : rowsFirst;
  const mix = mixRow(image, curve, columns, rows);
  const data = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++) encode(mix(y), curve, data.subarray(4 * width * y, 4 * width * (y + 1)));
  return { width, height, data };
}

/** Gives the rows of the result, top to bottom: decoded colours times alpha, and alpha, all 0..255. A row is valid until the next. */
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
  /** The last few rows of the picture, at the width of the result. */
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
  /** The sum so far. */
  readonly row: Float64Array;
}

/** Adds a row of the picture, weighted by `share` and alpha, to `row`. */
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
    // The colour of an invisible pixel is dropped.
    if (alpha <= 0.5) continue;
    for (let c = 0; c < 3; c++) target[i + c] = curve.encode((mixed[i + c] ?? 0) / alpha);
    target[i + 3] = alpha;
  }
}
