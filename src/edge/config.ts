import * as z from "zod";
import { type Presets, parsePresets } from "../core/presets.ts";

/** A whole number from 1, from text. */
export const Count = z
  .string()
  .regex(/^[1-9]\d{0,11}$/, "Expected a positive whole number")
  .transform(Number);

/** The `[vars]` of wrangler.toml: text from outside, parsed once at the start; a bad value stops the Worker there. */
const Vars = z.object({
  MAX_SOURCE_BYTES: Count,
  MAX_INPUT_PIXELS: Count,
  MAX_OUTPUT_PIXELS: Count,
  MAX_AVIF_PIXELS: Count,
  MAX_JPEG_SCANS: Count,
  MAX_URL_LENGTH: Count,
  CACHE_CONTROL: z.string().min(1),
  PRESETS: z.string().default("{}").transform(parsePresets),
  PRESETS_ONLY: z.enum(["true", "false"]).default("false"),
});

export interface Limits {
  readonly sourceBytes: number;
  /** Of the source, as stored. */
  readonly inputPixels: number;
  readonly outputPixels: number;
  /** Of a source or result in AVIF, whose codec takes several times the memory of the others. */
  readonly avifPixels: number;
  /** A JPEG of many scans is decoded once for each of them. */
  readonly jpegScans: number;
  readonly urlLength: number;
}

export interface Config {
  readonly limits: Limits;
  /** Cache-Control of every picture. */
  readonly cacheControl: string;
  readonly presets: Presets;
}

export function parseConfig(env: unknown): Config {
  const vars = Vars.safeParse(env);
  if (!vars.success) throw new Error(`Invalid [vars] in wrangler.toml:\n${z.prettifyError(vars.error)}`);
  return {
    limits: {
      sourceBytes: vars.data.MAX_SOURCE_BYTES,
      inputPixels: vars.data.MAX_INPUT_PIXELS,
      outputPixels: vars.data.MAX_OUTPUT_PIXELS,
      avifPixels: vars.data.MAX_AVIF_PIXELS,
      jpegScans: vars.data.MAX_JPEG_SCANS,
      urlLength: vars.data.MAX_URL_LENGTH,
    },
    cacheControl: vars.data.CACHE_CONTROL,
    presets: { ops: vars.data.PRESETS, only: vars.data.PRESETS_ONLY === "true" },
  };
}
