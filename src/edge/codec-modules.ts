import avifDec from "@jsquash/avif/codec/dec/avif_dec.wasm";
import avifEnc from "@jsquash/avif/codec/enc/avif_enc.wasm";
import jpegDec from "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm";
import jpegEnc from "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm";
import png from "@jsquash/png/codec/pkg/squoosh_png_bg.wasm";
import webpDec from "@jsquash/webp/codec/dec/webp_dec.wasm";
import webpEnc from "@jsquash/webp/codec/enc/webp_enc_simd.wasm";
import type { CodecModules } from "../codecs/wasm-codecs.ts";

/** The codecs as wrangler compiled them: a Worker may not compile at run time. */
export const CODEC_MODULES: CodecModules = {
  "@jsquash/png/codec/pkg/squoosh_png_bg.wasm": png,
  "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm": jpegDec,
  "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm": jpegEnc,
  "@jsquash/webp/codec/dec/webp_dec.wasm": webpDec,
  "@jsquash/webp/codec/enc/webp_enc_simd.wasm": webpEnc,
  "@jsquash/avif/codec/dec/avif_dec.wasm": avifDec,
  "@jsquash/avif/codec/enc/avif_enc.wasm": avifEnc,
};
