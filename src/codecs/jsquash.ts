import { cut, pad } from "../core/canvas.ts";
import { ServiceError } from "../core/errors.ts";
import { DEFAULT_QUALITY, type Format, type SourceFormat } from "../core/image.ts";
import { orient } from "../core/orient.ts";
import { corrupt } from "../core/probe/bytes.ts";
import { firstGifFrame } from "../core/probe/gif.ts";
import type { Probe } from "../core/probe/probe-result.ts";
import { plainlyCropped, stillAvif, withPixi } from "./avif-container.ts";
import type { Codecs } from "./codec.ts";
import { inflate } from "./deflate.ts";
import { embedIcc, readIcc } from "./icc.ts";
import { createInstanceSlot } from "./instance-slot.ts";
import { isNeeded, plainJpeg } from "./jpeg-container.ts";
import { essentialPng, packedPixels } from "./png-container.ts";
import { checkLength, maxBytes } from "./source-length.ts";
import { type CodecModules, DECODERS, type Decode, ENCODERS, type Encode } from "./wasm-codecs.ts";
import { firstWebpFrame, plainWebp, type WebpFrame } from "./webp-container.ts";

/**
 * Codecs over jSquash, with our own PNG encoder, for the Worker and wherever else WebAssembly runs. At most one decoder and
 * one encoder are alive if pictures are made one at a time, as in the Worker.
 *
 * @param limits.avifBytes - most memory for the AVIF decoder; some pictures take ten times as much as others.
 */
export function createCodecs(modules: CodecModules, { avifBytes = Number.POSITIVE_INFINITY } = {}): Codecs {
  const decoders = createInstanceSlot<SourceFormat, Decode>();
  const encoders = createInstanceSlot<Format, Encode>();

  return {
    async decode(bytes, probe) {
      const { format, width, height, unsupported, crop, orientation } = probe;
      if (unsupported) {
        throw new ServiceError("unsupported_format", `Expected a picture that can be decoded here, got ${unsupported}`);
      }
      const icc = await readIcc(bytes, format);
      const prepared = attempt(() => prepare(bytes, probe), format);
      checkLength(prepared.bytes.length, probe);
      if (format === "png") {
        // The decoder unpacks to the end, at a second per GB. It detects damage itself.
        const unpacked = await inflate(packedPixels(prepared.bytes), maxBytes(probe));
        checkLength(unpacked?.length ?? 0, probe);
      }
      const image = await decoders(
        format,
        () => DECODERS[format](modules),
        (decode) =>
          attempt(() => decode(prepared.bytes, format === "avif" ? avifBytes : maxMemoryBytes(probe)), format),
      );
      // Transparent around a frame, as in browsers, whatever background colour the file asks for.
      const whole = "x" in prepared ? pad(image, { ...prepared, width, height }, [0, 0, 0, 0]) : image;
      if (whole.width !== width || whole.height !== height) {
        throw corrupt(`a picture of ${whole.width}x${whole.height} that says it is ${width}x${height}`);
      }
      return { image: orient(crop ? cut(whole, crop) : whole, orientation), icc };
    },

    async encode(picture, format, { quality = DEFAULT_QUALITY[format] } = {}) {
      const bytes = await encoders(
        format,
        () => ENCODERS[format](modules),
        (encode) => encode(picture, quality),
      );
      return picture.icc ? embedIcc(bytes, format, picture.icc) : bytes;
    },
  };
}

/** A codec may throw anything: Error, RuntimeError, a C++ exception object, a number. */
function attempt<Result>(decode: () => Result, format: SourceFormat): Result {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause;
    throw corrupt(`damaged ${format} data`, { cause });
  }
}

/** The still picture with what its decoder needs and nothing else; or a frame and its place. */
function prepare(bytes: Uint8Array, probe: Probe): WebpFrame | Pick<WebpFrame, "bytes"> {
  switch (probe.format) {
    case "png":
      return { bytes: essentialPng(bytes) };
    case "webp":
      return firstWebpFrame(bytes, probe) ?? { bytes: plainWebp(bytes) };
    case "avif":
      return { bytes: withPixi(plainlyCropped(stillAvif(bytes), probe), probe.bitDepth) };
    case "jpeg":
      return { bytes: plainJpeg(bytes, isNeeded) };
    case "gif": {
      const { x, y, end } = firstGifFrame(bytes);
      return { bytes: bytes.subarray(0, end), x, y };
    }
  }
}

/**
 * More than twice what an encoder's JPEG or WebP takes. A crafted one may take hundreds of MB, such as a WebP with separate codes
 * for each 4x4 pixels.
 */
function maxMemoryBytes({ width, height }: Probe): number {
  return 40 * 2 ** 20 + 24 * width * height;
}
