import type { Rect, SourceFormat } from "../image.ts";

/** EXIF orientation, 1..8 (TIFF 6.0 tag 274). */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** What the header of a picture says, read without decoding a pixel. */
export interface Probe {
  readonly format: SourceFormat;
  /** Stored size in pixels, before orientation is applied. */
  readonly width: number;
  readonly height: number;
  /** The part that an AVIF's clap leaves, before orientation is applied; absent if all of the picture shows. */
  readonly crop?: Rect | undefined;
  readonly orientation: Orientation;
  /** 1 for a still picture. */
  readonly frames: number;
  /** Number of scans of a JPEG; 1 otherwise. */
  readonly scans: number;
  /**
   * Whether compression has left artefacts. AVIF and PNG do not say: an AVIF counts as lossless only if stored as RGB, and a
   * PNG with a palette counts as dithered, like any GIF.
   */
  readonly lossy: boolean;
  /** True if the header rules transparency out; not determined for PNG and GIF. */
  readonly opaque?: boolean;
  /** Bits per sample as stored. */
  readonly bitDepth: number;
  /** Why the edge codecs cannot decode it ("CMYK JPEG", "AVIF with scattered data", …), if so. */
  readonly unsupported?: string | undefined;
}
