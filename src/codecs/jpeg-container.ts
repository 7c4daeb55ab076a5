import { text } from "../core/probe/bytes.ts";
import { APP0, EOI, isSequential, type JpegSegment, jpegSegments, SOS } from "../core/probe/jpeg.ts";
import { concat } from "./concat.ts";

/**
 * The same picture without what decoders warn of though it does no harm, so that every warning is of damage: bytes between two
 * segments, scans of a sequential JPEG that say they are of a part of the coefficients (Samsung's cameras), unknown versions
 * of JFIF. libjpeg tells of its first warning only.
 */
export function plainJpeg(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [bytes.subarray(0, 2)];
  let sequential = false;
  let scanAt: number | undefined;
  for (const segment of jpegSegments(bytes)) {
    const { marker, whole } = segment;
    const start = whole.byteOffset - bytes.byteOffset;
    if (scanAt !== undefined) parts.push(bytes.subarray(scanAt, start));
    sequential ||= isSequential(marker);
    parts.push(plainSegment(segment, sequential));
    scanAt = marker === SOS ? start + whole.length : undefined;
  }
  parts.push(scanAt === undefined ? Uint8Array.of(0xff, EOI) : bytes.subarray(scanAt));
  return concat(parts);
}

function plainSegment({ marker, data, whole }: JpegSegment, sequential: boolean): Uint8Array {
  if (marker === SOS && sequential) return concat([whole.subarray(0, -3), Uint8Array.of(0, 63, 0)]);
  if (marker !== APP0 || text(data, 0, 5) !== "JFIF\0" || data.length < 7) return whole;
  return concat([whole.subarray(0, 9), Uint8Array.of(1, 2), whole.subarray(11)]);
}

/** Whether libjpeg's first warning is of bytes behind the last pixel, which cameras write: all pixels came without one. */
export function isHarmless(warning: string): boolean {
  return /extraneous bytes before marker 0xd9/.test(warning);
}

/** Whether colours are stored as finely as brightness, not halved both ways: in JPEG from the quality on where that shows. */
export function jpegHasFullChroma(quality: number): boolean {
  return quality >= 80;
}
