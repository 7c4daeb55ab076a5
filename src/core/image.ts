/** Upscale factors that have a trained model. */
export const SCALES = [2, 3, 4] as const;
export type Scale = (typeof SCALES)[number];

/** `clean` was trained on pictures that were only shrunk, `web` also on what the web does to them, and on drawings (docs/url.md). */
export const VARIANTS = ["clean", "web"] as const;
export type Variant = (typeof VARIANTS)[number];

/** In pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** 8-bit picture, RGBA interleaved, row-major, alpha not premultiplied: `data.length === 4 * width * height`. */
export interface Rgba extends Size {
  readonly data: Uint8ClampedArray;
}

/** 8-bit picture, RGB interleaved, row-major: `data.length === 3 * width * height`. */
export interface Rgb extends Size {
  readonly data: Uint8ClampedArray;
}

/** One channel in float64, row-major: `data.length === width * height`. */
export interface Plane extends Size {
  readonly data: Float64Array;
}

/** A pixel, counted from the top left corner. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A part of a picture, in its pixels. */
export interface Rect extends Point, Size {}

/** Picture formats that are read and written. */
export const FORMATS = ["png", "jpeg", "webp", "avif"] as const;
export type Format = (typeof FORMATS)[number];

/** Picture formats that are read. */
export type SourceFormat = Format | "gif";

/** The format of a result if none is asked for. */
export function ownFormat(source: SourceFormat): Format {
  return source === "gif" ? "png" : source;
}

/**
 * Largest side a format can hold, in pixels: libjpeg's JPEG_MAX_DIMENSION, RFC 9649's 14 bits, PNG's 31 bits. AV1 has 16
 * bits; sharp writes no AVIF above 16384.
 */
export const MAX_SIDE: Readonly<Record<Format, number>> = { png: 0x7fffffff, jpeg: 65500, webp: 16383, avif: 16384 };

/**
 * Quality when none is asked for. JPEG 85 is Cloudflare Images' default, WebP 80 sharp's; AVIF 60 lies between sharp's
 * 50, which blurs the detail that super-resolution is paid for, and imgproxy's 63.
 */
export const DEFAULT_QUALITY: Readonly<Record<Format, number>> = { png: 100, jpeg: 85, webp: 80, avif: 60 };

/** @see https://www.iana.org/assignments/media-types */
export function mediaType(format: Format): string {
  return `image/${format}`;
}
