import { ServiceError } from "../errors.ts";
import { corrupt, text, u8, u16be } from "./bytes.ts";
import { exifOrientation } from "./exif.ts";
import type { Orientation, Probe } from "./probe-result.ts";

/** A JPEG marker segment; `data` is what follows the length field, `whole` starts at the 0xFF: both are views. */
export interface JpegSegment {
  readonly marker: number;
  readonly data: Uint8Array;
  readonly whole: Uint8Array;
}

/** Marker codes, second byte. @see ITU-T T.81 table B.1 */
const SOI = 0xd8;
export const EOI = 0xd9;
export const SOS = 0xda;
export const APP0 = 0xe0;
const APP1 = 0xe1;
export const APP14 = 0xee;
export const APP15 = 0xef;
export const COM = 0xfe;
/** Progressive; the two before it are sequential. */
export const SOF2 = 0xc2;

const ARITHMETIC = "arithmetic-coded JPEG";

/** Coding processes the decoders here do not have, by SOF marker. @see ITU-T T.81 table B.1 */
const UNSUPPORTED_SOF: Readonly<Record<number, string>> = {
  195: "lossless JPEG",
  197: "hierarchical JPEG",
  198: "hierarchical JPEG",
  199: "hierarchical JPEG",
  201: ARITHMETIC,
  202: ARITHMETIC,
  203: "lossless arithmetic-coded JPEG",
  205: "hierarchical JPEG",
  206: "hierarchical JPEG",
  207: "hierarchical JPEG",
};

/** Far more than any picture has; more would only cost time and memory. */
const MAX_SEGMENTS = 4096;

/**
 * The marker segments from SOI to EOI, without entropy-coded data; what follows EOI is ignored.
 * @throws {ServiceError} `undecodable_image` without EOI: decoders fill the missing part with grey and say nothing.
 * @see ITU-T T.81 annex B.1.1
 */
export function* jpegSegments(bytes: Uint8Array): Generator<JpegSegment> {
  for (let at = nextMarker(bytes, 2), count = 1; ; count++) {
    if (count > MAX_SEGMENTS) throw corrupt(`a JPEG of more than ${MAX_SEGMENTS} segments`);
    const marker = u8(bytes, at + 1);
    if (marker === EOI) return;
    if (marker === SOI) throw corrupt("a JPEG with a second start");
    const length = u16be(bytes, at + 2);
    const end = at + 2 + length;
    if (length < 2 || end > bytes.length) throw corrupt("a JPEG that ends within a segment");
    yield { marker, data: bytes.subarray(at + 4, end), whole: bytes.subarray(at, end) };
    at = nextMarker(bytes, end);
  }
}

/** Offset of the next marker from `from` on; skips stuffed zeros, fill bytes, restart markers and TEM, perhaps millions. */
export function nextMarker(bytes: Uint8Array, from: number): number {
  for (let at = from; at + 1 < bytes.length; at++) {
    if (bytes[at] !== 0xff) continue;
    const code = u8(bytes, at + 1);
    if (code > 0x01 && code < 0xff && !(code >= 0xd0 && code <= 0xd7)) return at;
  }
  throw corrupt("a JPEG that ends before its EOI marker");
}

/** Most scans with arithmetic coding, where a scan of no bytes may take as long as any. */
const MAX_ARITHMETIC_SCANS = 16;

/** Reads the header of a JPEG and counts its scans. @see ITU-T T.81 annex B.2 */
export function probeJpeg(bytes: Uint8Array): Probe {
  let frame: ReturnType<typeof readFrame> | undefined;
  const missing = new Set<number>();
  let orientation: Orientation | undefined;
  let scans = 0;
  for (const { marker, data } of jpegSegments(bytes)) {
    if (isFrame(marker)) {
      if (frame) throw corrupt("a JPEG with two frame headers");
      frame = readFrame(marker, data);
      for (let at = 6; at < data.length; at += 3) missing.add(u8(data, at));
    } else if (marker === SOS) {
      if (!frame) throw corrupt("a JPEG without a frame header before its first scan");
      scans += 1;
      for (let i = 0; i < u8(data, 0); i++) missing.delete(u8(data, 1 + 2 * i));
    } else if (marker === APP1 && text(data, 0, 6) === "Exif\0\0") {
      orientation ??= exifOrientation(data);
    }
  }
  if (!frame || scans === 0) throw corrupt("a JPEG without pixels");
  if (missing.size > 0) throw corrupt("a JPEG that ends before the scan of a component");
  if (frame.unsupported === ARITHMETIC && scans > MAX_ARITHMETIC_SCANS) {
    throw corrupt(`an arithmetic-coded JPEG of more than ${MAX_ARITHMETIC_SCANS} scans`);
  }
  return { format: "jpeg", ...frame, orientation: orientation ?? 1, frames: 1, scans, lossy: true, opaque: true };
}

/** Whether a marker is one of SOF0 to SOF15, which share their range with DHT (C4), JPG (C8) and DAC (CC). */
export function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function readFrame(marker: number, data: Uint8Array): Pick<Probe, "width" | "height" | "bitDepth" | "unsupported"> {
  const [bitDepth, height, width, components] = [u8(data, 0), u16be(data, 1), u16be(data, 3), u8(data, 5)];
  // A height of 0 means that a DNL marker after the first scan gives it, which no decoder here reads.
  if (width === 0 || height === 0) throw corrupt(`a JPEG of ${width}x${height} pixels`);
  if (components === 0 || data.length !== 6 + 3 * components) throw corrupt("a JPEG with an invalid frame header");
  if (![1, 3, 4].includes(components)) {
    throw new ServiceError("unsupported_format", `Expected 1, 3 or 4 components for JPEG, got ${components}`);
  }
  const unsupported =
    UNSUPPORTED_SOF[marker] ??
    (bitDepth !== 8 ? `${bitDepth}-bit JPEG` : undefined) ??
    (components === 4 ? "CMYK JPEG" : undefined);
  return { width, height, bitDepth, unsupported };
}
