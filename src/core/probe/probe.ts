import { ServiceError } from "../errors.ts";
import type { SourceFormat } from "../image.ts";
import { avifBrands, probeAvif } from "./avif.ts";
import { text } from "./bytes.ts";
import { probeGif } from "./gif.ts";
import { probeJpeg } from "./jpeg.ts";
import { probePng } from "./png.ts";
import type { Probe } from "./probe-result.ts";
import { probeWebp } from "./webp.ts";

const PROBERS: Readonly<Record<SourceFormat, (bytes: Uint8Array) => Probe>> = {
  png: probePng,
  jpeg: probeJpeg,
  webp: probeWebp,
  avif: probeAvif,
  gif: probeGif,
};

/**
 * Reads the header of a picture and checks that the file is whole, in time linear in its length.
 * @throws {ServiceError} `unsupported_format` if it is none of PNG, JPEG, WebP, AVIF and GIF; `undecodable_image` if it is
 * damaged, truncated or of no size.
 */
export function probe(bytes: Uint8Array): Probe {
  const format = sniff(bytes);
  if (format) return PROBERS[format](bytes);
  throw new ServiceError(
    "unsupported_format",
    `Expected a PNG, JPEG, WebP, AVIF or GIF picture for source, got ${foreignFormat(bytes)}`,
  );
}

/** The format that the first bytes name, whatever the file's name or media type; `undefined` if it is not supported. */
function sniff(bytes: Uint8Array): SourceFormat | undefined {
  if (text(bytes, 0, 8) === "\x89PNG\r\n\x1a\n") return "png";
  if (text(bytes, 0, 3) === "\xff\xd8\xff") return "jpeg";
  if (text(bytes, 0, 4) === "RIFF" && text(bytes, 8, 4) === "WEBP") return "webp";
  if (["GIF87a", "GIF89a"].includes(text(bytes, 0, 6))) return "gif";
  return avifBrands(bytes).some((brand) => brand === "avif" || brand === "avis") ? "avif" : undefined;
}

/** Formats that people send instead. "BM" alone is a weak signature, but all supported formats have been ruled out. */
const FOREIGN: readonly (readonly [offset: number, signature: string, name: string])[] = [
  [0, "BM", "BMP"],
  [0, "II*\0", "TIFF"],
  [0, "MM\0*", "TIFF"],
  [4, "ftyphe", "HEIC"],
  [4, "ftypmif1", "HEIC"],
  [4, "ftypmsf1", "HEIC"],
  [4, "ftyp", "a video"],
  [0, "\xff\x0a", "JPEG XL"],
  [4, "JXL ", "JPEG XL"],
  [4, "jP  ", "JPEG 2000"],
  [0, "\0\0\x01\0", "ICO"],
  [0, "%PDF-", "PDF"],
];

function foreignFormat(bytes: Uint8Array): string {
  if (bytes.length === 0) return "an empty file";
  const start = text(bytes, 0, 512);
  if (/^\W*<(!doctype html|html|head|body)\b/i.test(start)) return "HTML";
  if (/^\W*<(svg\b|[?!].*<svg\b)/is.test(start)) return "SVG";
  return FOREIGN.find(([offset, signature]) => start.startsWith(signature, offset))?.[2] ?? "an unknown format";
}
