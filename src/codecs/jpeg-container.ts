import { concat } from "../core/bytes.ts";
import { text } from "../core/probe/bytes.ts";
import {
  APP0,
  APP14,
  APP15,
  COM,
  EOI,
  isFrame,
  type JpegSegment,
  jpegSegments,
  nextMarker,
  SOF2,
  SOS,
} from "../core/probe/jpeg.ts";

/**
 * The same picture without what decoders warn of though it does no harm, so that every warning is of damage: bytes between two
 * segments (but not behind a scan, where they may be what is left of it), scans of a sequential JPEG that say they are of a
 * part of the coefficients (Samsung's cameras), versions of JFIF and transforms of Adobe that nobody knows. libjpeg tells of
 * its first warning only.
 *
 * @param isKept - which segments are; all by default.
 */
export function plainJpeg(bytes: Uint8Array, isKept: (segment: JpegSegment) => boolean = () => true): Uint8Array {
  const segments = [...jpegSegments(bytes)];
  const frame = segments.find(({ marker }) => isFrame(marker));
  const parts: Uint8Array[] = [bytes.subarray(0, 2)];
  for (const segment of segments.filter(isKept)) {
    parts.push(plainSegment(segment, frame));
    if (segment.marker !== SOS) continue;
    const start = segment.whole.byteOffset - bytes.byteOffset + segment.whole.length;
    parts.push(bytes.subarray(start, nextMarker(bytes, start)));
  }
  return concat([...parts, Uint8Array.of(0xff, EOI)]);
}

function plainSegment({ marker, data, whole }: JpegSegment, frame: JpegSegment | undefined): Uint8Array {
  const set = (at: number, ...values: number[]) =>
    concat([whole.subarray(0, at), Uint8Array.of(...values), whole.subarray(at + values.length)]);
  if (marker === SOS && frame && isSequential(frame)) return set(whole.length - 3, 0, 63, 0);
  if (marker === APP0 && text(data, 0, 5) === "JFIF\0" && data.length >= 14) return set(9, 1);
  if (marker === APP14 && text(data, 0, 5) === "Adobe") {
    const known = frame?.data[5] === 4 ? 2 : 1;
    if (![0, known].includes(data[11] ?? 0)) return set(15, known);
  }
  return whole;
}

/** Whether pixels depend on a segment, or what their colours are: not on comments, and of applications' data on JFIF's and Adobe's alone. */
export function isNeeded({ marker }: JpegSegment): boolean {
  const isOther = marker === COM || (marker >= APP0 && marker <= APP15);
  return !isOther || marker === APP0 || marker === APP14;
}

/** Each scan has all coefficients of its components. */
function isSequential({ marker }: JpegSegment): boolean {
  return marker < SOF2;
}

/**
 * Whether a warning of libjpeg's is of bytes behind the last pixel, which cameras write. Of a progressive JPEG it may be of damage:
 * a code that is read wrongly leaves bytes over.
 */
export function isHarmless(warning: string, bytes: Uint8Array): boolean {
  if (!/extraneous bytes before marker 0xd9/.test(warning)) return false;
  const frame = [...jpegSegments(bytes)].find(({ marker }) => isFrame(marker));
  return frame !== undefined && isSequential(frame);
}
