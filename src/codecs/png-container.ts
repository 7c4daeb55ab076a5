import { be32, concat, latin1 } from "../core/bytes.ts";
import { corrupt, u8, u32be } from "../core/probe/bytes.ts";
import { pngChunks } from "../core/probe/png.ts";

/** A PNG file of these chunks. @see PNG (third edition) section 5.2 */
export function pngFile(chunks: readonly Uint8Array[]): Uint8Array {
  return concat([latin1("\x89PNG\r\n\x1a\n"), ...chunks]);
}

/** A PNG chunk with its length and CRC. @see PNG (third edition) section 5.3 */
export function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const chunk = concat([be32(data.length), latin1(type), data, be32(0)]);
  chunk.set(be32(crc32(chunk.subarray(4, -4))), chunk.length - 4);
  return chunk;
}

/** Chunks that pixels depend on; the rest (animation, compressed text and profiles) only costs time and memory. */
const ESSENTIAL = new Set(["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]);

/**
 * A PNG with only the chunks that its pixels depend on.
 *
 * @throws {ServiceError} `undecodable_image` if one of these chunks is damaged.
 */
export function essentialPng(bytes: Uint8Array): Uint8Array {
  const parts = [bytes.subarray(0, 8)];
  // With alpha tRNS is forbidden: libpng ignores it, the edge's decoder refuses the picture. @see PNG (third edition) section 11.3.1.1
  const hasAlpha = (u8(bytes, 8 + 8 + 9) & 4) !== 0;
  for (const { type, whole } of pngChunks(bytes)) {
    if (!ESSENTIAL.has(type) || (type === "tRNS" && hasAlpha)) continue;
    // The decoder does not check CRCs, and makes up pixels that look like a picture. @see PNG (third edition) section 5.5
    if (crc32(whole.subarray(4, -4)) !== u32be(whole, whole.length - 4))
      throw corrupt(`a PNG with a damaged ${type} chunk`);
    parts.push(whole);
  }
  return concat(parts);
}

/** The packed pixels; the data may go on behind them. */
export function packedPixels(bytes: Uint8Array): Uint8Array {
  return concat([...pngChunks(bytes)].filter(({ type }) => type === "IDAT").map(({ data }) => data));
}

/** CRC of each byte value. */
const CRCS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  return crc;
});

/** @see PNG (third edition) annex D */
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  // By index: iterating takes twice as long, and seven times as long until it is optimized.
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ (CRCS[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0);
  return ~crc >>> 0;
}
