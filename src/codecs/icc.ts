import { be32, concat, latin1 } from "../core/bytes.ts";
import type { Format, SourceFormat } from "../core/image.ts";
import { corrupt, text, u16be, u32be } from "../core/probe/bytes.ts";
import { embedInAvif, isGreyAvif, readFromAvif } from "./icc-avif.ts";
import { embedInJpeg, isGreyJpeg, readFromJpeg } from "./icc-jpeg.ts";
import { embedInPng, isGreyPng, readFromPng } from "./icc-png.ts";
import { BT709, ICC_HEADER_BYTES, matrixTags, rgbProfile } from "./icc-profile.ts";
import { embedInWebp, readFromWebp } from "./icc-webp.ts";

/** Larger than any real profile; a compressed one must not unpack to more. */
const MAX_ICC_BYTES = 4 * 2 ** 20;

/**
 * The colour profile of a decoded picture's RGB numbers. A grey profile becomes an RGB profile with the same tone curve,
 * and a colour space named by numbers becomes a profile. A profile that is damaged, or of another colour space than its
 * picture, is left out: viewers ignore it too, so the picture looks the same. Bytes behind the profile's end are cut off, as
 * they may be anything.
 * @throws {ServiceError} `undecodable_image` if it is larger than 4 MB.
 */
export async function readIcc(bytes: Uint8Array, format: SourceFormat): Promise<Uint8Array | undefined> {
  const stored = await READERS[format](bytes);
  if (!stored) return undefined;
  checkLength(stored);
  const length = stored.length < 132 ? 0 : u32be(stored, 0);
  if (length < 132 || length > stored.length || text(stored, 36, 4) !== "acsp") return undefined;
  const icc = stored.subarray(0, length);
  const space = text(icc, 16, 4);
  if (space !== "GRAY") return space === "RGB " ? new Uint8Array(icc) : undefined;
  const rgb = IS_GREY[format](bytes) ? rgbFromGrey(icc) : undefined;
  // It may be longer than the grey one, whose tags may share the same bytes.
  if (rgb) checkLength(rgb);
  return rgb;
}

function checkLength(icc: Uint8Array): void {
  if (icc.length > MAX_ICC_BYTES) throw corrupt("a colour profile of more than 4 MB");
}

/** Puts a profile into an encoded picture that has none. */
export function embedIcc(bytes: Uint8Array, format: Format, icc: Uint8Array): Promise<Uint8Array> {
  return WRITERS[format](bytes, icc);
}

const READERS: Readonly<Record<SourceFormat, (bytes: Uint8Array) => Promise<Uint8Array | undefined>>> = {
  png: (bytes) => readFromPng(bytes, MAX_ICC_BYTES),
  jpeg: async (bytes) => readFromJpeg(bytes),
  webp: async (bytes) => readFromWebp(bytes),
  avif: async (bytes) => readFromAvif(bytes),
  gif: async () => undefined,
};

/** Whether the picture as stored is grey. */
const IS_GREY: Readonly<Record<SourceFormat, (bytes: Uint8Array) => boolean>> = {
  png: isGreyPng,
  jpeg: isGreyJpeg,
  webp: () => false,
  avif: isGreyAvif,
  gif: () => false,
};

const WRITERS: Readonly<Record<Format, (bytes: Uint8Array, icc: Uint8Array) => Promise<Uint8Array>>> = {
  png: embedInPng,
  jpeg: async (bytes, icc) => embedInJpeg(bytes, icc),
  webp: async (bytes, icc) => embedInWebp(bytes, icc),
  avif: async (bytes, icc) => embedInAvif(bytes, icc),
};

/** An RGB profile that shows R = G = B = v as the grey profile shows v. @see ICC.1:2022 sections 8.3.4 and 8.3.2 */
function rgbFromGrey(grey: Uint8Array): Uint8Array | undefined {
  const tone = readTag(grey, "kTRC");
  const curve = tone && text(grey, 20, 4) === "Lab " ? luminanceCurve(tone) : tone;
  if (!curve) return undefined;
  const description = readTag(grey, "desc");
  return rgbProfile(grey, [
    ...(description ? [["desc", description] as const] : []),
    ["cprt", readTag(grey, "cprt") ?? concat([latin1("text"), be32(0), latin1("CC0\0")])],
    ...matrixTags(BT709, curve), // any primaries would do for R = G = B
  ]);
}

/** A curve to Y for one to L*, which matrix profiles do not know; undefined unless it is a power. @see ICC.1:2022 section 10.6 */
function luminanceCurve(curve: Uint8Array): Uint8Array | undefined {
  const count = curve.length < 12 || text(curve, 0, 4) !== "curv" ? 2 : u32be(curve, 8);
  if (count > 1 || curve.length < 12 + 2 * count) return undefined;
  const power = count === 1 ? u16be(curve, 12) / 256 : 1;
  const entries = Array.from({ length: 256 }, (_, i) => {
    const lightness = 100 * (i / 255) ** power;
    const luminance = lightness > 8 ? ((lightness + 16) / 116) ** 3 : (lightness * 27) / 24_389;
    return be32(Math.round(65_535 * luminance)).subarray(2);
  });
  return concat([latin1("curv"), be32(0), be32(entries.length), ...entries]);
}

/** Data of a tag, including its type signature; `undefined` if it is missing or damaged. @see ICC.1:2022 section 7.3 */
function readTag(icc: Uint8Array, name: string): Uint8Array | undefined {
  const count = Math.min(u32be(icc, ICC_HEADER_BYTES), Math.floor((icc.length - ICC_HEADER_BYTES - 4) / 12));
  for (let i = 0; i < count; i++) {
    const at = ICC_HEADER_BYTES + 4 + 12 * i;
    if (text(icc, at, 4) !== name) continue;
    const [start, length] = [u32be(icc, at + 4), u32be(icc, at + 8)];
    return length >= 8 && start + length <= icc.length ? icc.subarray(start, start + length) : undefined;
  }
  return undefined;
}
