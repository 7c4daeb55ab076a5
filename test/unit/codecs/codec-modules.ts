import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { CodecModules } from "../../../src/codecs/wasm-codecs.ts";

const { resolve } = createRequire(import.meta.url);
const compile = (name: string): WebAssembly.Module => new WebAssembly.Module(readFileSync(resolve(name)));

/** The codec modules as Node reads them. */
export const CODEC_MODULES: CodecModules = {
  "@jsquash/png/codec/pkg/squoosh_png_bg.wasm": compile("@jsquash/png/codec/pkg/squoosh_png_bg.wasm"),
  "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm": compile("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm"),
  "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm": compile("@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm"),
  "@jsquash/webp/codec/dec/webp_dec.wasm": compile("@jsquash/webp/codec/dec/webp_dec.wasm"),
  "@jsquash/webp/codec/enc/webp_enc_simd.wasm": compile("@jsquash/webp/codec/enc/webp_enc_simd.wasm"),
  "@jsquash/avif/codec/dec/avif_dec.wasm": compile("@jsquash/avif/codec/dec/avif_dec.wasm"),
  "@jsquash/avif/codec/enc/avif_enc.wasm": compile("@jsquash/avif/codec/enc/avif_enc.wasm"),
};
