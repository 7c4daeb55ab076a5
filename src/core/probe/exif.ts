import { text, u16be, u16le, u32be, u32le } from "./bytes.ts";
import type { Orientation } from "./probe-result.ts";

const ORIENTATION_TAG = 0x0112;
const TYPE_SHORT = 3;
const PREFIX = "Exif\0\0";

/**
 * Orientation from an EXIF block, with or without its "Exif\0\0" prefix; 1 if there is none or the block is damaged, which
 * is how every viewer shows such a picture. @see TIFF 6.0 section 2; EXIF 2.32 section 4.6.4
 */
export function exifOrientation(block: Uint8Array): Orientation {
  const tiff = text(block, 0, PREFIX.length) === PREFIX ? block.subarray(PREFIX.length) : block;
  const order = text(tiff, 0, 4);
  if (tiff.length < 8 || (order !== "II*\0" && order !== "MM\0*")) return 1;
  const [u16, u32] = order === "II*\0" ? [u16le, u32le] : [u16be, u32be];

  const directory = u32(tiff, 4);
  if (directory + 2 > tiff.length) return 1;
  const first = directory + 2;
  const entries = Math.min(u16(tiff, directory), Math.floor((tiff.length - first) / 12));
  for (let at = first; at < first + 12 * entries; at += 12) {
    if (u16(tiff, at) === ORIENTATION_TAG && u16(tiff, at + 2) === TYPE_SHORT) return toOrientation(u16(tiff, at + 8));
  }
  return 1;
}

/** Any other value is shown as stored. */
function toOrientation(value: number): Orientation {
  return value >= 1 && value <= 8 ? (value as Orientation) : 1;
}
