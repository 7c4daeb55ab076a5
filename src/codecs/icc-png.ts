import { concat, latin1 } from "../core/bytes.ts";
import { text, u8 } from "../core/probe/bytes.ts";
import { readCicp } from "../core/probe/cicp.ts";
import { pngChunks } from "../core/probe/png.ts";
import { profileOfCicp } from "./cicp.ts";
import { deflate, inflate } from "./deflate.ts";
import { pngChunk } from "./png-container.ts";

/**
 * The profile for a cICP chunk that names a colour space, else that of an iCCP chunk, unpacked to little more than `maxBytes`;
 * undefined if damaged, as no viewer uses it then.
 * @see PNG (third edition) sections 4.3, 11.3.2.3 and 11.3.2.6
 */
export async function readFromPng(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array | undefined> {
  let packed: Uint8Array | undefined;
  for (const { type, data } of pngChunks(bytes)) {
    if (type === "IDAT") break;
    const cicp = type === "cICP" ? readCicp(data) : undefined;
    if (cicp) return profileOfCicp(cicp, "png");
    const nameEnd = data.indexOf(0);
    if (type === "iCCP" && nameEnd > 0 && data[nameEnd + 1] === 0) packed ??= data.subarray(nameEnd + 2);
  }
  // What is too long packed is too long unpacked; unpacking empty blocks would take seconds.
  const icc = packed && (packed.length > maxBytes ? packed : await inflate(packed, maxBytes));
  // Optimizers turn a picture grey but keep its profile; libpng ignores an RGB profile there.
  return icc && isGreyPng(bytes) && text(icc, 16, 4) === "RGB " ? undefined : icc;
}

/** Whether the colour type is greyscale, with or without alpha. @see PNG (third edition) table 9 */
export function isGreyPng(bytes: Uint8Array): boolean {
  const colorType = u8(bytes, 8 + 8 + 9);
  return colorType === 0 || colorType === 4;
}

/** Inserts an iCCP chunk after IHDR. */
export async function embedInPng(bytes: Uint8Array, icc: Uint8Array): Promise<Uint8Array> {
  const at = 8 + 12 + 13;
  const packed = await deflate([new Uint8Array(icc)]);
  const chunk = pngChunk("iCCP", concat([latin1("icc\0\0"), packed]));
  return concat([bytes.subarray(0, at), chunk, bytes.subarray(at)]);
}
