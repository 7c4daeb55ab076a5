import type { Plane, Rgb, Scale } from "./image.ts";

const PEAK = 255;
const SSIM_C1 = (0.01 * PEAK) ** 2;
const SSIM_C2 = (0.03 * PEAK) ** 2;
const WINDOW = gaussian(11, 1.5);

/**
 * Y of BT.601 in studio swing: 0..255 RGB -> 16..235, float64, not rounded.
 *
 * @see ITU-R BT.601-7, section 2.5.1-2.5.3; the coefficients are those of MATLAB's `rgb2ycbcr`.
 */
export function luma(image: Rgb): Plane {
  const { width, height, data: rgb } = image;
  const data = new Float64Array(width * height);
  for (let pixel = 0, i = 0; pixel < data.length; pixel++, i += 3) {
    const [r = 0, g = 0, b = 0] = [rgb[i], rgb[i + 1], rgb[i + 2]];
    data[pixel] = 16 + (65.481 * r + 128.553 * g + 24.966 * b) / PEAK;
  }
  return { width, height, data };
}

/**
 * PSNR in dB on Y, peak 255, without the outermost `scale` pixels of each side; `Infinity` for equal pictures.
 *
 * @throws {RangeError} if the sizes differ or nothing is left inside the border.
 */
export function psnr(result: Rgb, truth: Rgb, scale: Scale): number {
  const [a, b] = comparable(result, truth, scale, 1);
  let squares = 0;
  a.data.forEach((value, i) => {
    squares += (value - (b.data[i] ?? 0)) ** 2;
  });
  return 10 * Math.log10((PEAK ** 2 * a.data.length) / squares);
}

/**
 * Mean SSIM (-1..1) on Y, without the outermost `scale` pixels of each side: Gaussian window 11x11 of sigma 1.5, only where
 * it lies wholly inside, K1 = 0.01, K2 = 0.03, peak 255, variances without Bessel's correction.
 *
 * @throws {RangeError} if the sizes differ or less than 11x11 pixels are left inside the border.
 * @see Wang, Bovik, Sheikh, Simoncelli 2004, "Image quality assessment: from error visibility to structural similarity", eq. 13-16.
 */
export function ssim(result: Rgb, truth: Rgb, scale: Scale): number {
  const [a, b] = comparable(result, truth, scale, WINDOW.length);
  const meanA = blur(a);
  const meanB = blur(b);
  const meanAA = blur(product(a, a));
  const meanBB = blur(product(b, b));
  const meanAB = blur(product(a, b));
  let sum = 0;
  meanA.data.forEach((muA, i) => {
    const muB = meanB.data[i] ?? 0;
    const varianceA = (meanAA.data[i] ?? 0) - muA * muA;
    const varianceB = (meanBB.data[i] ?? 0) - muB * muB;
    const covariance = (meanAB.data[i] ?? 0) - muA * muB;
    const luminance = (2 * muA * muB + SSIM_C1) / (muA * muA + muB * muB + SSIM_C1);
    sum += (luminance * (2 * covariance + SSIM_C2)) / (varianceA + varianceB + SSIM_C2);
  });
  return sum / meanA.data.length;
}

function comparable(result: Rgb, truth: Rgb, border: number, minSide: number): [Plane, Plane] {
  const size = `${truth.width}x${truth.height}`;
  if (result.width !== truth.width || result.height !== truth.height) {
    throw new RangeError(`Expected ${size} for the result, got ${result.width}x${result.height}`);
  }
  if (Math.min(truth.width, truth.height) < minSide + 2 * border) {
    throw new RangeError(`Expected at least ${minSide} px inside a border of ${border} for the pictures, got ${size}`);
  }
  return [shave(luma(result), border), shave(luma(truth), border)];
}

function shave(plane: Plane, border: number): Plane {
  const width = plane.width - 2 * border;
  const height = plane.height - 2 * border;
  const data = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    const start = (y + border) * plane.width + border;
    data.set(plane.data.subarray(start, start + width), y * width);
  }
  return { width, height, data };
}

function product(a: Plane, b: Plane): Plane {
  return { ...a, data: a.data.map((value, i) => value * (b.data[i] ?? 0)) };
}

/** Separable Gaussian over the valid region: each side shrinks by the window's length less one. */
function blur(plane: Plane): Plane {
  return blurRows(transpose(blurRows(transpose(plane))));
}

function blurRows(plane: Plane): Plane {
  const width = plane.width - WINDOW.length + 1;
  const data = new Float64Array(width * plane.height);
  for (let y = 0; y < plane.height; y++) {
    for (let x = 0; x < width; x++) {
      const start = y * plane.width + x;
      data[y * width + x] = WINDOW.reduce((sum, weight, k) => sum + weight * (plane.data[start + k] ?? 0), 0);
    }
  }
  return { width, height: plane.height, data };
}

function transpose({ width, height, data }: Plane): Plane {
  return {
    width: height,
    height: width,
    data: data.map((_, i) => data[(i % height) * width + Math.floor(i / height)] ?? 0),
  };
}

function gaussian(length: number, sigma: number): readonly number[] {
  const centre = (length - 1) / 2;
  const bell = Array.from({ length }, (_, i) => Math.exp(-((i - centre) ** 2) / (2 * sigma ** 2)));
  const sum = bell.reduce((total, value) => total + value, 0);
  return bell.map((value) => value / sum);
}
