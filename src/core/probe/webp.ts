import type { Size } from "../image.ts";
import { corrupt, text, u8, u16be, u16le, u24le, u32le } from "./bytes.ts";
import { exifOrientation } from "./exif.ts";
import type { Orientation, Probe } from "./probe-result.ts";

/** A RIFF chunk; `data` and `whole` (FourCC, size, data, padding) are views into the file. */
export interface RiffChunk {
  readonly type: string;
  readonly data: Uint8Array;
  readonly whole: Uint8Array;
}

/** Bits of the first byte of VP8X. @see RFC 9649 section 2.7 */
export const VP8X_ICC = 0x20;
export const VP8X_ALPHA = 0x10;
export const VP8X_ANIMATION = 0x02;

/**
 * The chunks of a WebP file; what follows the RIFF chunk is ignored.
 * @throws {ServiceError} `undecodable_image` if the file is shorter than it declares. @see RFC 9649 section 2.3
 */
export function webpChunks(bytes: Uint8Array): Generator<RiffChunk> {
  const end = 8 + u32le(bytes, 4);
  if (end > bytes.length) throw corrupt("a WebP that ends early");
  return riffChunks(bytes.subarray(12, end));
}

/** Far more than any picture has, even one animated for half an hour; more would only cost time. */
const MAX_CHUNKS = 65_536;

/** The chunks that fill `bytes`: a WebP body, or the frame data of an ANMF chunk. @see RFC 9649 section 2.3 */
export function* riffChunks(bytes: Uint8Array): Generator<RiffChunk> {
  for (let at = 0, count = 1; at < bytes.length; count++) {
    if (count > MAX_CHUNKS) throw corrupt(`a WebP of more than ${MAX_CHUNKS} chunks`);
    const end = at + 8 + u32le(bytes, at + 4);
    if (end > bytes.length) throw corrupt("a WebP that ends within a chunk");
    const next = end + (end & 1);
    yield { type: text(bytes, at, 4), data: bytes.subarray(at + 8, end), whole: bytes.subarray(at, next) };
    at = next;
  }
}

/** Reads the header of a WebP. @see RFC 9649 section 2 */
export function probeWebp(bytes: Uint8Array): Probe {
  let canvas: Size | undefined;
  let still: Size | undefined;
  let animated = false;
  let lossy = false;
  let opaque = true;
  let orientation: Orientation | undefined;
  let frames = 0;
  for (const { type, data } of webpChunks(bytes)) {
    if (type === "VP8X" && !canvas) {
      canvas = { width: 1 + u24le(data, 4), height: 1 + u24le(data, 7) };
      animated = (u8(data, 0) & VP8X_ANIMATION) !== 0;
    }
    // VP8L has its own alpha flag, which is not read; a frame need not fill its canvas.
    if (type === "ALPH" || type === "VP8L" || type === "ANMF") opaque = false;
    if (type === "VP8 " || type === "VP8L") still ??= bitstreamSize(type, data);
    if (type === "ANMF") frames += 1;
    // A frame's own chunks follow its 16-byte header; only lossy VP8 has alpha in a chunk of its own.
    lossy ||= type === "VP8 " || (type === "ANMF" && /VP8 |ALPH/.test(text(data, 16, 4)));
    if (type === "EXIF") orientation ??= exifOrientation(data);
    // Without VP8X only the first chunk counts.
    if (!canvas) break;
  }
  const size = canvas ?? still;
  if (!size || (animated ? frames === 0 : !still)) throw corrupt("a WebP without pixels");
  // Otherwise a small canvas could hide a large bitstream from the limits.
  if (!animated && (still?.width !== size.width || still.height !== size.height)) {
    throw corrupt("a WebP whose picture is not the size of its canvas");
  }
  const decoding = { scans: 1, lossy, opaque, bitDepth: 8 };
  return { format: "webp", ...size, orientation: orientation ?? 1, frames: animated ? frames : 1, ...decoding };
}

/**
 * Size in the header of a VP8 or VP8L bitstream.
 * @see RFC 6386 section 9.1; RFC 9649 section 3.4
 */
export function bitstreamSize(type: "VP8 " | "VP8L", data: Uint8Array): Size {
  let size: Size;
  if (type === "VP8 ") {
    if (u8(data, 0) & 1 || u8(data, 3) !== 0x9d || u16be(data, 4) !== 0x012a)
      throw corrupt("a WebP with a damaged VP8 header");
    size = { width: u16le(data, 6) & 0x3fff, height: u16le(data, 8) & 0x3fff };
  } else {
    if (u8(data, 0) !== 0x2f) throw corrupt("a WebP with a damaged VP8L header");
    const bits = u32le(data, 1);
    size = { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
  }
  if (size.width === 0 || size.height === 0) throw corrupt(`a WebP of ${size.width}x${size.height} pixels`);
  return size;
}
