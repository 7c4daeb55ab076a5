import * as z from "zod";
import type { PictureLimits } from "../service/render.ts";

const Count = z
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
});

export interface Limits extends PictureLimits {
  readonly sourceBytes: number;
  readonly urlLength: number;
}

export interface Config {
  readonly limits: Limits;
  /** Cache-Control of every picture. */
  readonly cacheControl: string;
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
  };
}
