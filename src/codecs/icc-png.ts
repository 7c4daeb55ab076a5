import { u8 } from "../core/probe/bytes.ts";
import { pngChunks } from "../core/probe/png.ts";
import { profileOfCicp } from "./cicp.ts";
import { be32, concat, latin1 } from "./concat.ts";

/**
 * The profile of a cICP chunk, else of an iCCP chunk, unpacked to little more than `maxBytes`.
 * @see PNG (third edition) sections 4.3, 11.3.2.3 and 11.3.2.6
 */
export async function readFromPng(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array | undefined> {
  let packed: Uint8Array | undefined;
  for (const { type, data } of pngChunks(bytes)) {
    if (type === "IDAT") break;
    if (type === "cICP" && data.length === 4) return profileOfCicp(u8(data, 0), u8(data, 1));
    const nameEnd = data.indexOf(0);
    if (type === "iCCP" && nameEnd > 0 && data[nameEnd + 1] === 0) packed ??= data.subarray(nameEnd + 2);
  }
  return packed && inflate(packed, maxBytes);
}

/** Whether the colour type is greyscale, with or without alpha. @see PNG (third edition) table 9 */
export function isGreyPng(bytes: Uint8Array): boolean {
  const colorType = u8(bytes, 8 + 8 + 9);
  return colorType === 0 || colorType === 4;
}

/** Inserts an iCCP chunk after IHDR. */
export async function embedInPng(bytes: Uint8Array, icc: Uint8Array): Promise<Uint8Array> {
  const at = 8 + 12 + 13;
  const packed = await transform(new CompressionStream("deflate"), icc, Number.POSITIVE_INFINITY);
  const chunk = pngChunk("iCCP", concat([latin1("icc\0\0"), packed]));
  return concat([bytes.subarray(0, at), chunk, bytes.subarray(at)]);
}

/** A PNG chunk with its length and CRC. @see PNG (third edition) section 5.3 */
export function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const body = concat([latin1(type), data]);
  return concat([be32(data.length), body, be32(crc32(body))]);
}

/** @see PNG (third edition) annex D */
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

async function inflate(data: Uint8Array, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    return await transform(new DecompressionStream("deflate"), data, maxBytes);
  } catch {
    return undefined; // damaged: no viewer uses such a profile
  }
}

/** What a stream makes of `data`; reading stops once it is more than `maxBytes`. */
async function transform(
  stream: CompressionStream | DecompressionStream,
  data: Uint8Array,
  maxBytes: number,
): Promise<Uint8Array> {
  const writer = stream.writable.getWriter();
  // A failure to write shows as a failure to read.
  const ignore = (): void => {};
  writer.write(new Uint8Array(data)).catch(ignore);
  writer.close().catch(ignore);
  const reader = stream.readable.getReader();
  const parts: Uint8Array[] = [];
  for (let total = 0; total <= maxBytes; ) {
    const { done, value } = await reader.read();
    if (done) return concat(parts);
    parts.push(value);
    total += value.length;
  }
  await reader.cancel();
  return concat(parts);
}
