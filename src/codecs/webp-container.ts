import { concat, latin1, le } from "../core/bytes.ts";
import type { Size } from "../core/image.ts";
import { corrupt, u8, u24le } from "../core/probe/bytes.ts";
import {
  bitstreamSize,
  type RiffChunk,
  riffChunks,
  VP8X_ALPHA,
  VP8X_ANIMATION,
  webpChunks,
} from "../core/probe/webp.ts";

/** The first frame of an animation as a still WebP, and its position on the canvas. */
export interface WebpFrame {
  readonly bytes: Uint8Array;
  readonly x: number;
  readonly y: number;
}

/** A RIFF chunk. @see RFC 9649 section 2.3 */
export function riffChunk(type: string, data: Uint8Array): Uint8Array {
  return concat([latin1(type), le(data.length, 4), data, new Uint8Array(data.length & 1)]);
}

/** A WebP file of these chunks. @see RFC 9649 section 2.4 */
export function webpFile(chunks: readonly Uint8Array[]): Uint8Array {
  return riffChunk("RIFF", concat([latin1("WEBP"), ...chunks]));
}

/** The header chunk of the extended format. @see RFC 9649 section 2.7 */
export function vp8x(flags: number, { width, height }: Size): Uint8Array {
  return riffChunk("VP8X", concat([le(flags, 4), le(width - 1, 3), le(height - 1, 3)]));
}

/**
 * The same still picture with only the chunks that its decoder needs; of an animation, the first frame. The chunks decide whether
 * there is alpha, because libvips would believe a header that denies it.
 */
export function plainWebp(bytes: Uint8Array): Uint8Array {
  let alpha: Uint8Array | undefined;
  for (const chunk of webpChunks(bytes)) {
    if (chunk.type === "VP8X" && u8(chunk.data, 0) & VP8X_ANIMATION) return firstAlone(bytes);
    if (chunk.type === "ALPH") alpha = chunk.whole;
    if (isBitstream(chunk)) return stillWebp(chunk, alpha);
  }
  return bytes;
}

/** Keeps one frame of an animation: libwebp searches for each from the first on, which takes 40 s for 65,000. */
function firstAlone(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { type, whole } of webpChunks(bytes)) {
    if (type === "VP8X" || type === "ANIM" || type === "ANMF") parts.push(whole);
    if (type === "ANMF") break;
  }
  return webpFile(parts);
}

/**
 * Takes the first frame out of an animation, which libwebp's still decoder refuses as a whole.
 * @param canvas - the probed size, which has passed the limits.
 * @returns `undefined` for a still picture.
 * @throws {ServiceError} `undecodable_image` if the frame is not within the canvas. @see RFC 9649 section 2.7.1.1
 */
export function firstWebpFrame(bytes: Uint8Array, canvas: Size): WebpFrame | undefined {
  let first: string | undefined;
  for (const { type, data } of webpChunks(bytes)) {
    if (type === "VP8X") {
      // The probe takes the canvas from the first chunk or not at all.
      if (first !== undefined) throw corrupt("a WebP with a VP8X chunk that is not its first");
      if (((data[0] ?? 0) & VP8X_ANIMATION) === 0) return undefined;
    }
    first ??= type;
    if (type !== "ANMF") continue;
    if (first !== "VP8X") throw corrupt("a WebP frame without a canvas");
    const [x, y] = [2 * u24le(data, 0), 2 * u24le(data, 3)];
    const size = { width: 1 + u24le(data, 6), height: 1 + u24le(data, 9) };
    if (x + size.width > canvas.width || y + size.height > canvas.height) throw corrupt("a WebP frame off its canvas");
    return { bytes: stillFrame(data.subarray(16), size), x, y };
  }
  return undefined;
}

function stillFrame(data: Uint8Array, size: Size): Uint8Array {
  let alpha: Uint8Array | undefined;
  for (const chunk of riffChunks(data)) {
    if (chunk.type === "ALPH") alpha = chunk.whole;
    if (!isBitstream(chunk)) continue;
    const stored = bitstreamSize(chunk.type, chunk.data);
    if (stored.width !== size.width || stored.height !== size.height) throw corrupt("a WebP frame of two sizes");
    return stillWebp(chunk, alpha);
  }
  throw corrupt("a WebP frame without pixels");
}

type Bitstream = RiffChunk & { readonly type: "VP8 " | "VP8L" };

function isBitstream(chunk: RiffChunk): chunk is Bitstream {
  return chunk.type === "VP8 " || chunk.type === "VP8L";
}

function stillWebp({ type, data, whole }: Bitstream, alpha: Uint8Array | undefined): Uint8Array {
  return webpFile(alpha && type === "VP8 " ? [vp8x(VP8X_ALPHA, bitstreamSize(type, data)), alpha, whole] : [whole]);
}
