import avifDec from "@jsquash/avif/codec/dec/avif_dec.js";
import avifEnc from "@jsquash/avif/codec/enc/avif_enc.js";
import { defaultOptions as avifDefaults } from "@jsquash/avif/meta.js";
import mozjpegDec from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import mozjpegEnc from "@jsquash/jpeg/codec/enc/mozjpeg_enc.js";
import { defaultOptions as jpegDefaults } from "@jsquash/jpeg/meta.js";
import webpDec from "@jsquash/webp/codec/dec/webp_dec.js";
import webpEnc from "@jsquash/webp/codec/enc/webp_enc_simd.js";
import { defaultOptions as webpDefaults } from "@jsquash/webp/meta.js";
import { ServiceError } from "../core/errors.ts";
import type { Format, Rgba, SourceFormat } from "../core/image.ts";
import { isStoredGrey, jpegHasFullChroma, type Picture } from "./codec.ts";
import { decodeGif } from "./gif-decoder.ts";
import type { Running } from "./instance-slot.ts";
import { isHarmless } from "./jpeg-container.ts";
import { encodePng } from "./png-encoder.ts";
import { startPngDecoder } from "./wasm-png.ts";

/** Compiled codec modules: imported statically in a Worker, which may not compile at run time, read from disk in Node. */
export interface CodecModules {
  readonly "@jsquash/png/codec/pkg/squoosh_png_bg.wasm": WebAssembly.Module;
  readonly "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm": WebAssembly.Module;
  readonly "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm": WebAssembly.Module;
  readonly "@jsquash/webp/codec/dec/webp_dec.wasm": WebAssembly.Module;
  readonly "@jsquash/webp/codec/enc/webp_enc_simd.wasm": WebAssembly.Module;
  readonly "@jsquash/avif/codec/dec/avif_dec.wasm": WebAssembly.Module;
  readonly "@jsquash/avif/codec/enc/avif_enc.wasm": WebAssembly.Module;
}

/** Throws if it cannot decode the bytes; `image_too_large` if the memory is too small (not PNG). */
export type Decode = (bytes: Uint8Array, maxMemoryBytes: number) => Rgba;
/** Returns a promise only if it runs without an instance. */
export type Encode = (picture: Picture, quality: number) => Uint8Array | Promise<Uint8Array>;

type Start<Run> = (modules: CodecModules) => Promise<Running<Run>>;

/** 8 of 10: 0.45 s a megapixel instead of 2.5 s at jSquash's 6, for files 8 % larger. */
const AVIF_SPEED = 8;
/** 4:4:4, as in sharp: at one quality 1.4 dB better than 4:2:0 on photographs, 4 on drawings, for files up to a fifth larger. */
const AVIF_444 = 3;
/** jSquash's MozJpegColorSpace.GRAYSCALE. */
const JPEG_GREY = 1;

/** Memory of a codec that is no instance but takes its slot, so that no other codec's memory stays alive beside it. */
const NONE = { buffer: { byteLength: 0 } };

export const DECODERS: Readonly<Record<SourceFormat, Start<Decode>>> = {
  png: async (modules) => startPngDecoder(modules["@jsquash/png/codec/pkg/squoosh_png_bg.wasm"]),
  // What libjpeg prints is its only sign that it filled in damaged or missing data.
  jpeg: (modules) =>
    startDecoder(mozjpegDec, modules["@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm"], { options: [false], isHarmless }),
  webp: (modules) => startDecoder(webpDec, modules["@jsquash/webp/codec/dec/webp_dec.wasm"], { options: [] }),
  // If libavif fails, jSquash returns uninitialised memory, which in a new instance holds nothing of another picture.
  avif: async (modules) => ({
    ...(await startDecoder(avifDec, modules["@jsquash/avif/codec/dec/avif_dec.wasm"], { options: [8] })),
    once: true,
  }),
  gif: async () => ({ memory: NONE, run: decodeGif }),
};

export const ENCODERS: Readonly<Record<Format, Start<Encode>>> = {
  png: async () => ({ memory: NONE, run: encodePng }),
  // Baseline, because low qualities would otherwise use 16-bit tables, which not every decoder reads. Progressive files are 0 to 5 %
  // smaller, but a megapixel of noise at quality 100 takes 61 MB and 5 s instead of 29 MB and 1.7 s.
  jpeg: (modules) =>
    startEncoder(mozjpegEnc, modules["@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm"], (quality, picture) => {
      const chroma = { auto_subsample: false, chroma_subsample: jpegHasFullChroma(quality) ? 1 : 2 };
      const colours = isStoredGrey(picture) ? { color_space: JPEG_GREY } : chroma;
      return { ...jpegDefaults, quality, ...colours, baseline: true };
    }),
  webp: (modules) =>
    startEncoder(webpEnc, modules["@jsquash/webp/codec/enc/webp_enc_simd.wasm"], (quality) => {
      return { ...webpDefaults, quality };
    }),
  avif: (modules) =>
    startEncoder(avifEnc, modules["@jsquash/avif/codec/enc/avif_enc.wasm"], (quality) => {
      return { ...avifDefaults, quality, speed: AVIF_SPEED, subsample: AVIF_444 };
    }),
};

interface Decoder<Options extends readonly unknown[]> {
  decode(bytes: Uint8Array, ...options: Options): Rgba | null;
}

interface Encoder {
  encode(data: Uint8ClampedArray, width: number, height: number, options: object): Uint8Array | null;
}

/** What an Emscripten module exports. @see https://emscripten.org/docs/api_reference/module.html */
type EmscriptenFactory<Codec> = (options: {
  locateFile: (path: string) => string;
  print: (line: string) => void;
  printErr: (line: string) => void;
  instantiateWasm: (
    imports: Record<string, Record<string, never>>,
    done: (instance: WebAssembly.Instance) => void,
  ) => WebAssembly.Instance["exports"];
}) => Promise<Codec>;

async function startEmscripten<Codec>(factory: EmscriptenFactory<Codec>, module: WebAssembly.Module) {
  /** What the codec writes to its standard streams. */
  const printed: string[] = [];
  const print = (line: string): void => void printed.push(line);
  let memory: unknown;
  const codec = await factory({
    locateFile: (path) => path,
    print,
    printErr: print,
    instantiateWasm: (imports, done) => {
      const instance = new WebAssembly.Instance(module, imports);
      memory = Object.values(instance.exports).find((value) => value instanceof WebAssembly.Memory);
      done(instance);
      return instance.exports;
    },
  });
  if (!(memory instanceof WebAssembly.Memory)) throw new TypeError("Expected a memory among the exports of a codec");
  return { codec, memory, printed };
}

/** Runs a codec whose memory may grow to `maxBytes`. @throws {ServiceError} `image_too_large` if it would need more. */
type Within = <Result>(maxBytes: number, run: () => Result) => Result;

const PAGE_BYTES = 65_536;

/** Overrides `grow`, through which Emscripten's glue grows a memory; refused, the glue asks for less. */
function boundGrowth(memory: WebAssembly.Memory): Within {
  let most = Number.POSITIVE_INFINITY;
  let isRefused = false;
  const grow = memory.grow.bind(memory);
  memory.grow = (pages) => {
    isRefused = memory.buffer.byteLength + PAGE_BYTES * pages > most;
    if (isRefused) throw new RangeError(`Expected at most ${most} bytes`);
    return grow(pages);
  };
  return (maxBytes, run) => {
    [most, isRefused] = [maxBytes, false];
    try {
      const result = run();
      // A codec may return a picture even if it was refused memory.
      if (isRefused) throw new RangeError("Expected memory");
      return result;
    } catch (cause) {
      throw isRefused ? tooLarge(maxBytes, cause) : cause;
    }
  };
}

function tooLarge(maxBytes: number, cause: unknown): ServiceError {
  const megabytes = Math.floor(maxBytes / 2 ** 20);
  return new ServiceError("image_too_large", `Expected a picture that can be decoded in ${megabytes} MB`, { cause });
}

interface DecoderOptions<Options> {
  readonly options: Options;
  /** Whether a printed line means no damage; by default every line does. */
  readonly isHarmless?: (line: string, bytes: Uint8Array) => boolean;
}

async function startDecoder<Options extends readonly unknown[]>(
  factory: EmscriptenFactory<Decoder<Options>>,
  module: WebAssembly.Module,
  { options, isHarmless = () => true }: DecoderOptions<Options>,
): Promise<Running<Decode>> {
  const { codec, memory, printed } = await startEmscripten(factory, module);
  const within = boundGrowth(memory);
  return {
    memory,
    run: (bytes, maxMemoryBytes) => {
      const image = within(maxMemoryBytes, () => codec.decode(bytes, ...options));
      if (!printed.every((line) => isHarmless(line, bytes))) throw new Error(printed.join());
      return found(image, printed);
    },
  };
}

async function startEncoder(
  factory: EmscriptenFactory<Encoder>,
  module: WebAssembly.Module,
  options: (quality: number, picture: Picture) => object,
): Promise<Running<Encode>> {
  const { codec, memory, printed } = await startEmscripten(factory, module);
  return {
    memory,
    run: (picture, quality) => {
      const { data, width, height } = picture.image;
      return found(codec.encode(data, width, height, options(quality, picture)), printed);
    },
  };
}

function found<Result>(result: Result | null, printed: string[]): Result {
  const message = printed.splice(0).join();
  if (result === null) throw new Error(message || "The codec returned nothing");
  return result;
}
