import { concat, latin1 } from "../core/bytes.ts";
import { text, u8 } from "../core/probe/bytes.ts";
import { APP0, isFrame, jpegSegments, SOS } from "../core/probe/jpeg.ts";

const APP2 = 0xe2;
const SIGNATURE = "ICC_PROFILE\0";
/** A segment holds 65533 bytes, of which the signature, number and count take 14. */
const MAX_PART = 65533 - SIGNATURE.length - 2;

/** Joins the APP2 segments of a profile; `undefined` if one is missing or they disagree on their number. @see ICC.1:2022 annex B.4 */
export function readFromJpeg(bytes: Uint8Array): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  let count = 0;
  for (const { marker, data } of jpegSegments(bytes)) {
    if (marker === SOS) break;
    // CMYK is converted to RGB, to which the file's profile does not apply.
    if (isFrame(marker) && u8(data, 5) === 4) return undefined;
    if (marker !== APP2 || text(data, 0, SIGNATURE.length) !== SIGNATURE) continue;
    const [number = 0, total = 0] = data.subarray(SIGNATURE.length, SIGNATURE.length + 2);
    count ||= total;
    if (number === 0 || number > total || total !== count || parts[number - 1]) return undefined;
    parts[number - 1] = data.subarray(SIGNATURE.length + 2);
  }
  const whole = count > 0 && Array.from({ length: count }, (_, i) => parts[i]).every((part) => part !== undefined);
  return whole ? concat(parts) : undefined;
}

/** Whether the frame has one component. @see ITU-T T.81 annex B.2.2 */
export function isGreyJpeg(bytes: Uint8Array): boolean {
  for (const { marker, data } of jpegSegments(bytes)) if (isFrame(marker)) return u8(data, 5) === 1;
  return false;
}

/** Inserts APP2 segments after APP0, or first if there is none. */
export function embedInJpeg(bytes: Uint8Array, icc: Uint8Array): Uint8Array {
  const [first] = jpegSegments(bytes);
  const at = 2 + (first?.marker === APP0 ? first.whole.length : 0);
  const total = Math.ceil(icc.length / MAX_PART);
  const segments = Array.from({ length: total }, (_, i) => {
    const part = icc.subarray(i * MAX_PART, (i + 1) * MAX_PART);
    const length = 2 + SIGNATURE.length + 2 + part.length;
    return concat([
      Uint8Array.of(0xff, APP2, length >> 8, length),
      latin1(SIGNATURE),
      Uint8Array.of(i + 1, total),
      part,
    ]);
  });
  return concat([bytes.subarray(0, at), ...segments, bytes.subarray(at)]);
}
