import * as z from "zod";
import { expectedUrl } from "../core/errors.ts";
import { type Keyring, parseKeyring } from "../core/keyring.ts";
import { expectingSetting, parsedBy, parseSettings } from "../service/settings.ts";
import { count, milliseconds, VARS_PLACE } from "./config.ts";
import type { OriginLimits } from "./place.ts";

const urlExpected = expectingSetting("an http(s) URL without user, query and fragment", expectedUrl);

const Vars = z.object({
  ORIGIN_URL: z
    .url({ error: urlExpected, abort: true })
    .regex(/^https?:\/\/[^/?#@\s][^?#@\s]*$/, { error: urlExpected })
    .transform((url) => url.replace(/\/+$/, "")),
  ORIGIN_KEYS: parsedBy(
    parseKeyring,
    "ORIGIN_KEYS",
    "id:secret[,id:secret], as the origin answers signed requests only,",
  ),
  ORIGIN_DEADLINE_MS: milliseconds(30_000),
  EDGE_INPUT_PIXELS: count(65_536),
  ORIGIN_INPUT_PIXELS: count(16_000_000),
  ORIGIN_OUTPUT_PIXELS: count(64_000_000),
  ORIGIN_AVIF_PIXELS: count(16_000_000),
  ORIGIN_RESULT_BYTES: count(40_000_000),
});

/** Where the origin is and how far it is trusted. */
export interface OriginConfig {
  /** Without a trailing slash. */
  readonly url: string;
  readonly keys: Keyring;
  /** Time for a request with all its attempts. */
  readonly deadlineMs: number;
  /** Most bytes of a result, which is held in memory until it has been checked. */
  readonly resultBytes: number;
  readonly limits: OriginLimits;
}

/** The origin of a deployment; undefined if ORIGIN_URL is absent or empty. */
export function parseOriginConfig(env: { readonly ORIGIN_URL?: string }): OriginConfig | undefined {
  if (!env.ORIGIN_URL) return undefined;
  const vars = parseSettings(Vars, env, VARS_PLACE);
  return {
    url: vars.ORIGIN_URL,
    keys: vars.ORIGIN_KEYS,
    deadlineMs: vars.ORIGIN_DEADLINE_MS,
    resultBytes: vars.ORIGIN_RESULT_BYTES,
    limits: {
      edgeInputPixels: vars.EDGE_INPUT_PIXELS,
      inputPixels: vars.ORIGIN_INPUT_PIXELS,
      outputPixels: vars.ORIGIN_OUTPUT_PIXELS,
      avifPixels: vars.ORIGIN_AVIF_PIXELS,
    },
  };
}
