import * as z from "zod";
import { type Keyring, parseKeyring } from "../core/keyring.ts";
import { Count, Milliseconds } from "./config.ts";
import type { OriginLimits } from "./place.ts";

const ORIGIN_URL_FORM = "Expected an http(s) URL without user, query and fragment";

const Vars = z.object({
  ORIGIN_URL: z
    .url({ error: ORIGIN_URL_FORM, abort: true })
    .regex(/^https?:\/\/[^/?#@\s][^?#@\s]*$/, ORIGIN_URL_FORM)
    .transform((url) => url.replace(/\/+$/, "")),
  ORIGIN_KEYS: z
    .string({ error: "Expected a secret, id:secret[,id:secret]: the origin answers signed requests only" })
    .transform((keys) => parseKeyring(keys, "ORIGIN_KEYS")),
  ORIGIN_DEADLINE_MS: Milliseconds,
  EDGE_INPUT_PIXELS: Count,
  ORIGIN_INPUT_PIXELS: Count,
  ORIGIN_OUTPUT_PIXELS: Count,
  ORIGIN_AVIF_PIXELS: Count,
  ORIGIN_RESULT_BYTES: Count,
});

/** Where the origin is and how far it is trusted. */
export interface OriginConfig {
  /** Without a slash at its end. */
  readonly url: string;
  readonly keys: Keyring;
  /** Of a request with all its attempts. */
  readonly deadlineMs: number;
  /** Of a result: it is held in memory until it has been checked. */
  readonly resultBytes: number;
  readonly limits: OriginLimits;
}

/** The origin of a deployment; undefined where ORIGIN_URL is absent or empty. */
export function parseOriginConfig(env: { readonly ORIGIN_URL?: string }): OriginConfig | undefined {
  if ((env.ORIGIN_URL ?? "") === "") return undefined;
  const vars = Vars.safeParse(env);
  if (!vars.success) throw new Error(`Invalid [vars] in wrangler.toml:\n${z.prettifyError(vars.error)}`);
  return {
    url: vars.data.ORIGIN_URL,
    keys: vars.data.ORIGIN_KEYS,
    deadlineMs: vars.data.ORIGIN_DEADLINE_MS,
    resultBytes: vars.data.ORIGIN_RESULT_BYTES,
    limits: {
      edgeInputPixels: vars.data.EDGE_INPUT_PIXELS,
      inputPixels: vars.data.ORIGIN_INPUT_PIXELS,
      outputPixels: vars.data.ORIGIN_OUTPUT_PIXELS,
      avifPixels: vars.data.ORIGIN_AVIF_PIXELS,
    },
  };
}
