import { text, u8, u16be } from "./bytes.ts";
import { APP0, APP14, isFrame, jpegSegments, SOS } from "./jpeg.ts";

/** Define quantization tables. */
const DQT = 0xdb;

/** Position of each stored value in a table, row by row. @see ITU-T T.81 figure A.6 */
const ZIGZAG = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47,
  55, 62, 63,
] as const;

/**
 * Quantization steps of a JPEG's luma, [8, 8], vertical frequency by horizontal, of the picture as stored; undefined if it has
 * no luma of the picture's size.
 *
 * @see ITU-T T.81 annexes B.2.2 and B.2.4.1
 */
export function lumaSteps(bytes: Uint8Array): Float64Array | undefined {
  const tables = new Map<number, Float64Array>();
  let frame: Uint8Array | undefined;
  let [isJfif, transform] = [false, -1];
  for (const { marker, data } of jpegSegments(bytes)) {
    if (marker === SOS) break;
    if (marker === DQT) readTables(data, tables);
    else if (isFrame(marker)) frame = data;
    else if (marker === APP0) isJfif ||= data.length >= 14 && text(data, 0, 5) === "JFIF\0";
    else if (marker === APP14 && data.length >= 12 && text(data, 0, 5) === "Adobe") transform = u8(data, 11);
  }
  if (frame === undefined || !hasLuma(frame, isJfif, transform) || !isLumaWhole(frame)) return;
  const steps = tables.get(u8(frame, 8));
  return steps?.includes(0) ? undefined : steps;
}

/** Adds the tables of a segment, of which there may be several, in 8 or 16 bits. */
function readTables(data: Uint8Array, tables: Map<number, Float64Array>): void {
  for (let at = 0; at < data.length; ) {
    const [isWide, id] = [u8(data, at) >> 4 > 0, u8(data, at) & 15];
    const table = new Float64Array(ZIGZAG.length);
    ZIGZAG.forEach((place, i) => {
      table[place] = isWide ? u16be(data, at + 1 + 2 * i) : u8(data, at + 1 + i);
    });
    tables.set(id, table);
    at += 1 + (isWide ? 2 : 1) * ZIGZAG.length;
  }
}

/** Whether the first component is luma (of a grey picture or YCbCr, not of RGB, CMYK, YCCK), as libjpeg decides it. */
function hasLuma(frame: Uint8Array, isJfif: boolean, transform: number): boolean {
  const components = u8(frame, 5);
  if (components !== 3) return components === 1;
  const ids = String.fromCharCode(u8(frame, 6), u8(frame, 9), u8(frame, 12));
  return isJfif || (transform === -1 ? ids !== "RGB" : transform !== 0);
}

/** Whether no component has more pixels than the first. */
function isLumaWhole(frame: Uint8Array): boolean {
  const samplings = Array.from({ length: u8(frame, 5) }, (_, i) => u8(frame, 7 + 3 * i));
  const [first = 0] = samplings;
  return samplings.every((s) => s >> 4 <= first >> 4 && (s & 15) <= (first & 15));
}
