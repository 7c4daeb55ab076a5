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
 * Removes the harmless oddities that decoders warn of, so that every warning means damage: bytes between two segments (but
 * not behind a scan, where they may be the rest of it), scans of a sequential JPEG that claim only a part of the coefficients
 * (Samsung's cameras), and unknown JFIF versions and Adobe transforms. libjpeg reports only its first warning.
 *
 * @param isKept - which segments to keep; all by default.
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

/** Whether the pixels or their colours depend on a segment: not on comments, and on no APPn but JFIF's and Adobe's. */
export function isNeeded({ marker }: JpegSegment): boolean {
  const isOther = marker === COM || (marker >= APP0 && marker <= APP15);
  return !isOther || marker === APP0 || marker === APP14;
}

/** Whether each scan has all coefficients of its components. */
function isSequential({ marker }: JpegSegment): boolean {
  return marker < SOF2;
}

/**
 * Whether a warning of libjpeg's is about bytes behind the last pixel, which cameras write. In a progressive JPEG it may mean
 * damage, because a misread code leaves bytes over.
 */
export function isHarmless(warning: string, bytes: Uint8Array): boolean {
  if (!/extraneous bytes before marker 0xd9/.test(warning)) return false;
  const frame = [...jpegSegments(bytes)].find(({ marker }) => isFrame(marker));
  return frame !== undefined && isSequential(frame);
}
