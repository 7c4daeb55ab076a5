import type { Codecs } from "./codec.ts";
import { createCodecs } from "./jsquash.ts";
import { CODEC_MODULES } from "./node-modules.ts";
import { createSharpCodecs, type SharpCodecsOptions } from "./sharp.ts";

/** Beyond these the edge's decoder has no memory left; it cannot be stopped either. */
const MAX_WASM_PIXELS = 16_000_000;

/**
 * Codecs for Node: sharp's, but the edge's for an AVIF that it can read. libheif, within sharp, takes a third to a half of the
 * time, but repeats chroma instead of interpolating it (1 to 2 dB at quality 90), and has limited ranges of grey wrong.
 */
export function createNodeCodecs(options?: SharpCodecsOptions): Codecs {
  const [native, wasm] = [createSharpCodecs(options), createCodecs(CODEC_MODULES)];
  return {
    decode(bytes, probe) {
      const isEdges = probe.format === "avif" && probe.unsupported === undefined;
      return (isEdges && probe.width * probe.height <= MAX_WASM_PIXELS ? wasm : native).decode(bytes, probe);
    },
    encode: native.encode,
  };
}
