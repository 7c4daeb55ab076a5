import { createInflate } from "node:zlib";
import sharp, { type Sharp, type SharpOptions } from "sharp";
import { isOpaque, unpremultiply } from "../core/alpha.ts";
import { cut } from "../core/canvas.ts";
import { ServiceError } from "../core/errors.ts";
import { DEFAULT_QUALITY, type Format, type Rgba, type SourceFormat } from "../core/image.ts";
import { orient, uprightSize } from "../core/orient.ts";
import { readAvif } from "../core/probe/avif.ts";
import { corrupt } from "../core/probe/bytes.ts";
import type { Probe } from "../core/probe/probe-result.ts";
import { stillAvif, untransformed } from "./avif-container.ts";
import { type Codecs, isStoredGrey, jpegHasFullChroma } from "./codec.ts";
import { embedIcc, readIcc } from "./icc.ts";
import { plainJpeg } from "./jpeg-container.ts";
import { essentialPng, packedPixels } from "./png-container.ts";
import { checkLength, maxBytes } from "./source-length.ts";
import { plainWebp } from "./webp-container.ts";

export interface SharpCodecsOptions {
  /** Seconds after which decoding or encoding is given up; never by default. */
  readonly timeoutSeconds?: number;
}

/** Codecs over sharp, for Node. They also read what the edge cannot: CMYK, arithmetic-coded JPEG, scattered AVIF. */
export function createSharpCodecs({ timeoutSeconds: seconds = 0 }: SharpCodecsOptions = {}): Codecs {
  return {
    async decode(bytes, probe) {
      const icc = await readIcc(bytes, probe.format);
      const image = await decodePixels(bytes, probe, seconds);
      return { image, icc };
    },

    async encode(picture, format, { quality = DEFAULT_QUALITY[format] } = {}) {
      const { image, icc } = picture;
      const raw = { width: image.width, height: image.height, channels: 4 } as const;
      const input = sharp(image.data, { raw, limitInputPixels: false });
      if (isOpaque(image)) input.removeAlpha();
      if (isStoredGrey(picture)) input.toColourspace("b-w");
      const bytes = await inTime(seconds, () => ENCODERS[format](input.timeout({ seconds }), quality).toBuffer());
      return icc ? embedIcc(bytes, format, icc) : bytes;
    },
  };
}

const ENCODERS: Readonly<Record<Format, (image: Sharp, quality: number) => Sharp>> = {
  // Without filters the file is twice as large.
  png: (image) => image.png({ adaptiveFiltering: true }),
  jpeg: (image, quality) => {
    const chromaSubsampling = jpegHasFullChroma(quality) ? "4:4:4" : "4:2:0";
    return image.removeAlpha().jpeg({ quality, chromaSubsampling, mozjpeg: true });
  },
  webp: (image, quality) => image.webp({ quality }),
  // With sharp's default tuning, `iq`, files of a quality are a third smaller and up to 2 dB worse than the edge's.
  avif: (image, quality) => image.avif({ quality, tune: "ssim" }),
};

/** Removes what libvips or its libraries would misread, or unpack whatever it costs. */
const PREPARE: Readonly<Partial<Record<SourceFormat, (bytes: Uint8Array) => Uint8Array>>> = {
  avif: (bytes) => untransformed(stillAvif(bytes)),
  jpeg: plainJpeg,
  png: essentialPng,
  webp: plainWebp,
};

async function decodePixels(bytes: Uint8Array, probe: Probe, seconds: number): Promise<Rgba> {
  const prepared = PREPARE[probe.format]?.(bytes) ?? bytes;
  if (probe.format === "png") {
    checkLength(prepared.length, probe);
    checkLength(await unpackedLength(packedPixels(prepared), maxBytes(probe)), probe);
  }
  // "warning" refuses what libjpeg would fill with grey. The caller has limited the size that the header gives.
  const options: SharpOptions = { failOn: "warning", limitInputPixels: probe.width * probe.height };
  const { data, info } = await attempt(seconds, probe, async () => {
    // sharp would convert to sRGB and drop the profile, which is right only for CMYK.
    const { space } = await sharp(prepared, options).metadata();
    return sharp(prepared, { ...options, ignoreIcc: space !== "cmyk" })
      .ensureAlpha()
      .raw()
      .timeout({ seconds })
      .toBuffer({ resolveWithObject: true });
  });

  const { buffer, byteOffset, length } = data;
  const pixels = new Uint8ClampedArray(buffer, byteOffset, length);
  const image = { width: info.width, height: info.height, data: pixels };
  const upright = orient(probe.crop ? cut(image, probe.crop) : image, probe.orientation);
  const { width, height } = uprightSize(probe);
  if (upright.width !== width || upright.height !== height) {
    throw corrupt(`a picture of ${upright.width}x${upright.height} that says it is ${width}x${height}`);
  }
  // libavif does this, libheif does not.
  return probe.format === "avif" && readAvif(bytes).premultiplied ? unpremultiply(upright) : upright;
}

/** Length of the unpacked data, up to little more than `most`: libpng unpacks beyond the pixels to the end, at 3 GB a second. */
async function unpackedLength(packed: Uint8Array, most: number): Promise<number> {
  const unpacking = createInflate({ chunkSize: 2 ** 18 });
  unpacking.end(packed);
  let length = 0;
  try {
    for await (const piece of unpacking) {
      length += piece.length;
      if (length > most) break;
    }
  } catch {
    // libpng detects damage itself.
  }
  return length;
}

async function attempt<Result>(
  seconds: number,
  { format, unsupported }: Probe,
  decode: () => Promise<Result>,
): Promise<Result> {
  try {
    return await inTime(seconds, decode);
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause;
    if (!unsupported) throw corrupt(`damaged ${format} data`, { cause });
    const message = `Expected a picture that can be decoded here, got ${unsupported}`;
    throw new ServiceError("unsupported_format", message, { cause });
  }
}

/** libvips reports a timeout only in its message, so the clock decides whether it was one. */
async function inTime<Result>(seconds: number, step: () => Promise<Result>): Promise<Result> {
  const started = performance.now();
  try {
    return await step();
  } catch (cause) {
    if (seconds === 0 || performance.now() - started < 1000 * seconds) throw cause;
    throw new ServiceError("deadline_exceeded", `Expected ${seconds} s at most for a codec`, { cause });
  }
}
