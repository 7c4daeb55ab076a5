import { bitstreamSize, VP8X_ALPHA, VP8X_ICC, webpChunks } from "../core/probe/webp.ts";
import { riffChunk, vp8x, webpFile } from "./webp-container.ts";

const PIXELS = new Set(["ANIM", "ANMF", "ALPH", "VP8 ", "VP8L"]);

/** The profile of the ICCP chunk, which comes before the pixels; metadata may be anywhere. @see RFC 9649 section 2.7 */
export function readFromWebp(bytes: Uint8Array): Uint8Array | undefined {
  for (const { type, data } of webpChunks(bytes)) {
    if (type === "ICCP") return data;
    if (PIXELS.has(type)) return undefined;
  }
  return undefined;
}

/** Rewrites a lossy still WebP of our encoders in the extended format, with an ICCP chunk before the pixels. */
export function embedInWebp(bytes: Uint8Array, icc: Uint8Array): Uint8Array {
  let size = { width: 0, height: 0 };
  let alpha = false;
  const pixels: Uint8Array[] = [];
  for (const { type, data, whole } of webpChunks(bytes)) {
    if (type === "ALPH") alpha = true;
    if (type === "VP8 ") size = bitstreamSize(type, data);
    if (type !== "VP8X") pixels.push(whole);
  }
  const header = vp8x(VP8X_ICC | (alpha ? VP8X_ALPHA : 0), size);
  return webpFile([header, riffChunk("ICCP", icc), ...pixels]);
}
