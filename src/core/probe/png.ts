import { MAX_SIDE } from "../image.ts";
import { corrupt, text, u8, u32be } from "./bytes.ts";
import { checkTransfer, readCicp } from "./cicp.ts";
import { exifOrientation } from "./exif.ts";
import type { Orientation, Probe } from "./probe-result.ts";

/** A PNG chunk; `data` and `whole` (length, type, data, CRC) are views into the file. */
export interface PngChunk {
  readonly type: string;
  readonly data: Uint8Array;
  readonly whole: Uint8Array;
}

/** Allowed bit depths of each colour type. @see PNG (third edition) table 9 */
const BIT_DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
/** The colour type of pictures with at most 256 colours. */
const PALETTE = 3;

/** Far more than any picture has, as encoders write some kB in each; more would only cost time and memory. */
const MAX_CHUNKS = 65_536;

/**
 * The chunks after the signature, up to and including IEND; what follows IEND is ignored. CRCs are left to the decoder.
 * @throws {ServiceError} `undecodable_image` if the file ends before IEND. @see PNG (third edition) section 5
 */
export function* pngChunks(bytes: Uint8Array): Generator<PngChunk> {
  for (let at = 8, count = 1; ; count++) {
    if (count > MAX_CHUNKS) throw corrupt(`a PNG of more than ${MAX_CHUNKS} chunks`);
    if (at + 12 > bytes.length) throw corrupt("a PNG that ends before its IEND chunk");
    const length = u32be(bytes, at);
    const end = at + 12 + length;
    if (end > bytes.length) throw corrupt("a PNG that ends within a chunk");
    const type = text(bytes, at + 4, 4);
    yield { type, data: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) };
    if (type === "IEND") return;
    at = end;
  }
}

/** Reads the header of a PNG or APNG. @see PNG (third edition) section 11 */
export function probePng(bytes: Uint8Array): Probe {
  let header: Header | undefined;
  let orientation: Orientation = 1;
  let frames = 1;
  let hasData = false;
  for (const { type, data } of pngChunks(bytes)) {
    if ((type === "IHDR") === (header !== undefined)) throw corrupt("a PNG whose first chunk is not its only IHDR");
    header ??= readIhdr(data);
    if (type === "IDAT") hasData = true;
    // An eXIf or acTL after the first IDAT is invalid, and viewers ignore it; ImageMagick writes eXIf there.
    if (type === "eXIf" && !hasData) orientation = exifOrientation(data);
    if (type === "cICP" && !hasData) checkTransfer(readCicp(data)?.transfer);
    if (type === "acTL" && !hasData) frames = Math.max(1, u32be(data, 0));
  }
  if (header === undefined || !hasData) throw corrupt("a PNG without pixels");
  return { format: "png", ...header, orientation, frames, scans: 1 };
}

/** What the IHDR chunk says. */
type Header = Pick<Probe, "width" | "height" | "bitDepth" | "lossy">;

function readIhdr(data: Uint8Array): Header {
  const [width, height, bitDepth, colourType] = [u32be(data, 0), u32be(data, 4), u8(data, 8), u8(data, 9)];
  if (width === 0 || height === 0 || Math.max(width, height) > MAX_SIDE.png) {
    throw corrupt(`a PNG of ${width}x${height} pixels`);
  }
  const valid = BIT_DEPTHS[colourType]?.includes(bitDepth) && data.length === 13;
  if (!valid || u8(data, 10) !== 0 || u8(data, 11) !== 0 || u8(data, 12) > 1) {
    throw corrupt("a PNG with an invalid IHDR chunk");
  }
  return { width, height, bitDepth, lossy: colourType === PALETTE };
}
