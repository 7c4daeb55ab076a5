import type { Codecs } from "./codec.ts";
import { createCodecs } from "./jsquash.ts";
import { CODEC_MODULES } from "./node-modules.ts";
import { createSharpCodecs, type SharpCodecsOptions } from "./sharp.ts";

/** Beyond these the edge's decoder has no memory left; it cannot be stopped either. */
const MAX_WASM_PIXELS = 16_000_000;
/** More than a photograph of so many pixels takes at quality 90. A megabyte takes the edge's decoder of AVIF a second, sharp's a quarter. */
const MAX_WASM_AVIF_BYTES = 8_000_000;

/**
 * Codecs for Node: sharp's, but the edge's for a GIF, and for an AVIF that it can read. libheif, within sharp, takes a third to a half of the
 * time, but repeats chroma instead of interpolating it (1 to 2 dB at quality 90), and has limited ranges of grey wrong. And for WebP
 * whose pixels or transparency are lossless: with codes for each few pixels they take 1 GB where no memory is bounded.
 */
export function createNodeCodecs(options?: SharpCodecsOptions): Codecs {
  const [native, wasm] = [createSharpCodecs(options), createCodecs(CODEC_MODULES)];
  return {
    async decode(bytes, probe) {
      const { format, scans, width, height, opaque, unsupported } = probe;
      const isEdges = unsupported === undefined && width * height <= MAX_WASM_PIXELS;
      const isBetter = (format === "avif" && bytes.length <= MAX_WASM_AVIF_BYTES) || (format === "webp" && !opaque);
      if (format === "gif" || (isEdges && isBetter)) return await wasm.decode(bytes, probe);
      // libvips does not tell of damage in the last rows of a JPEG of one scan. The edge's decoder, 15 ms a megapixel, does.
      if (isEdges && format === "jpeg" && scans === 1) await wasm.decode(bytes, probe);
      return await native.decode(bytes, probe);
    },
    encode: native.encode,
  };
}
