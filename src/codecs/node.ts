import type { Codecs } from "./codec.ts";
import { createCodecs } from "./jsquash.ts";
import { CODEC_MODULES } from "./node-modules.ts";
import { createSharpCodecs, type SharpCodecsOptions } from "./sharp.ts";

/** Beyond this the edge's decoder runs out of memory, and it cannot be stopped either. */
const MAX_WASM_PIXELS = 16_000_000;
/** More than a photograph of that size takes at quality 90. A megabyte takes the edge's AVIF decoder a second, sharp's a quarter. */
const MAX_WASM_AVIF_BYTES = 8_000_000;

/**
 * Codecs for Node: sharp's, but the edge's decoders for GIF, for AVIF that they can read, and for WebP with lossless pixels or
 * transparency. For AVIF, libheif within sharp takes a third to a half of the time, but repeats chroma instead of interpolating it
 * (1 to 2 dB at quality 90) and gets limited-range grey wrong. A WebP with codes for each few pixels takes 1 GB without a limit.
 */
export function createNodeCodecs(options?: SharpCodecsOptions): Codecs {
  const [native, wasm] = [createSharpCodecs(options), createCodecs(CODEC_MODULES)];
  return {
    async decode(bytes, probe) {
      const { format, scans, width, height, opaque, unsupported } = probe;
      const isEdges = unsupported === undefined && width * height <= MAX_WASM_PIXELS;
      const isBetter = (format === "avif" && bytes.length <= MAX_WASM_AVIF_BYTES) || (format === "webp" && !opaque);
      if (format === "gif" || (isEdges && isBetter)) return await wasm.decode(bytes, probe);
      // libvips does not report damage in the last rows of a one-scan JPEG. The edge's decoder does, at 15 ms a megapixel.
      if (isEdges && format === "jpeg" && scans === 1) await wasm.decode(bytes, probe);
      return await native.decode(bytes, probe);
    },
    encode: native.encode,
  };
}
