import type { Rect, SourceFormat } from "../image.ts";

/** EXIF orientation, 1..8 (TIFF 6.0 tag 274). */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** What the header of a picture says, read without decoding a pixel. */
export interface Probe {
  readonly format: SourceFormat;
  /** Stored size in pixels, before orientation is applied. */
  readonly width: number;
  readonly height: number;
  /** What an AVIF's clap leaves of that, before orientation is applied; absent where all of it shows. */
  readonly crop?: Rect | undefined;
  readonly orientation: Orientation;
  /** 1 for a still picture. */
  readonly frames: number;
  /** Number of scans of a JPEG; 1 otherwise. */
  readonly scans: number;
  /**
   * Whether compression has left its marks. An AVIF does not say: one stored as RGB is taken for lossless, any other for lossy; nor does a
   * PNG: one with a palette is taken for dithered, as any GIF is.
   */
  readonly lossy: boolean;
  /** True where the header rules transparency out; of PNG and GIF it is not asked. */
  readonly opaque?: boolean;
  /** Bits per sample as stored. */
  readonly bitDepth: number;
  /** Why the edge codecs cannot decode it ("CMYK JPEG", "AVIF with scattered data", …), if so. */
  readonly unsupported?: string | undefined;
}
