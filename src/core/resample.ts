import type { Size } from "./image.ts";

/** 8-bit samples, any number of interleaved channels, row-major: `Rgb`, `Rgba` and grey or alpha planes alike. */
export interface Raster extends Size {
  readonly data: Uint8ClampedArray;
}

/** An interpolation kernel: symmetric, zero from `radius` source pixels on. */
export interface Kernel {
  readonly radius: number;
  readonly at: (distance: number) => number;
}

/** Cubic convolution with a = -0.5, MATLAB's "bicubic". @see Keys 1981, eq. 15. */
export const BICUBIC: Kernel = {
  radius: 2,
  at(distance) {
    const x = Math.abs(distance);
    if (x <= 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
  },
};

/** The mean of what a target pixel covers. */
export const BOX: Kernel = { radius: 0.5, at: (distance) => (Math.abs(distance) < 0.5 ? 1 : 0) };

/** Windowed sinc with three lobes, MATLAB's "lanczos3". @see Duchon 1979. */
export const LANCZOS3: Kernel = {
  radius: 3,
  at: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0),
};

/** The size asked for, and the kernel, which is stretched to cover a whole target pixel when the picture shrinks. */
export interface ResizeOptions extends Size {
  readonly kernel?: Kernel;
}

/**
 * Resizes as MATLAB's `imresize` does: antialiased when shrinking, edges mirrored, rounded half up once at the end and
 * clamped to 0..255. Channels do not mix: make colours under transparent pixels sensible before resizing an `Rgba`.
 *
 * @throws {RangeError} unless the size is in whole pixels, at least 1x1.
 * @see https://www.mathworks.com/help/images/ref/imresize.html
 */
export function resize(image: Raster, options: ResizeOptions): Raster {
  const { width, height } = options;
  const data = new Uint8ClampedArray((image.data.length / (image.width * image.height)) * width * height);
  resample(image, options, (target, value) => {
    data[target] = Math.floor(value + 0.5);
  });
  return { width, height, data };
}

/** Samples that need not be bytes, otherwise as in a {@link Raster}. */
interface Samples extends Size {
  readonly data: Uint8ClampedArray | Float32Array;
}

/**
 * Like {@link resize}, but passes each sample to `put`, one after the other, neither rounded nor clamped.
 *
 * @throws {RangeError} as {@link resize} does.
 */
export function resample(image: Samples, options: ResizeOptions, put: (target: number, value: number) => void): void {
  const { width, height, kernel = BICUBIC } = options;
  if (!isSide(width) || !isSide(height)) {
    throw new RangeError(`Expected whole pixels, at least 1x1, for the size, got ${width}x${height}`);
  }
  const channels = image.data.length / (image.width * image.height);
  const columns = taps(image.width, width, { kernel });
  const rows = taps(image.height, height, { kernel });
  const row = new Float64Array(image.width * channels);
  for (let y = 0, target = 0; y < height; y++) {
    mixRows(image.data, rows, y, row);
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < channels; channel++, target++) {
        put(target, mixColumns(row, columns, x, channels, channel));
      }
    }
  }
}

/** For each target pixel, the `count` source pixels that make it and their weights. */
export interface Taps {
  readonly count: number;
  readonly indices: Int32Array;
  readonly weights: Float64Array;
}

interface TapsOptions {
  readonly kernel: Kernel;
  /** The part of the `from` pixels that becomes the `to` pixels, if not all; may begin and end within a pixel. */
  readonly start?: number;
  readonly length?: number;
}

/** How `to` pixels are mixed from `from` pixels, along one axis. */
export function taps(from: number, to: number, { kernel, start = 0, length = from }: TapsOptions): Taps {
  const stretch = Math.max(1, length / to);
  const radius = kernel.radius * stretch;
  const count = Math.ceil(2 * radius);
  const indices = new Int32Array(to * count);
  const weights = new Float64Array(to * count);
  for (let i = 0; i < to; i++) {
    const centre = start + ((i + 0.5) * length) / to - 0.5;
    const first = Math.floor(centre - radius) + 1;
    const own = Array.from({ length: count }, (_, k) => kernel.at((first + k - centre) / stretch));
    const sum = own.reduce((total, weight) => total + weight, 0);
    own.forEach((weight, k) => {
      indices[i * count + k] = mirror(first + k, from);
      weights[i * count + k] = weight / sum;
    });
  }
  return { count, indices, weights };
}

/** Mirrors an index at the edges, whose pixels are repeated: … 1 0 | 0 1 2 … */
function mirror(index: number, length: number): number {
  const period = 2 * length;
  const phase = ((index % period) + period) % period;
  return phase < length ? phase : period - 1 - phase;
}

function mixRows(source: Samples["data"], { count, indices, weights }: Taps, y: number, row: Float64Array): void {
  row.fill(0);
  for (let tap = y * count; tap < (y + 1) * count; tap++) {
    const weight = weights[tap] ?? 0;
    const start = (indices[tap] ?? 0) * row.length;
    for (let i = 0; i < row.length; i++) row[i] = (row[i] ?? 0) + weight * (source[start + i] ?? 0);
  }
}

function mixColumns(
  row: Float64Array,
  { count, indices, weights }: Taps,
  x: number,
  channels: number,
  channel: number,
): number {
  let sum = 0;
  for (let tap = x * count; tap < (x + 1) * count; tap++) {
    sum += (weights[tap] ?? 0) * (row[(indices[tap] ?? 0) * channels + channel] ?? 0);
  }
  return sum;
}

function isSide(pixels: number): boolean {
  return Number.isInteger(pixels) && pixels >= 1;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
