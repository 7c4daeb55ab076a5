import * as z from "zod";
import { type AllowList, parseAllowList } from "../core/allow-list.ts";
import { type Keyring, parseKeyring } from "../core/keyring.ts";
import { onlyPresets, type Presets, parsePresets } from "../core/presets.ts";
import type { PictureLimits } from "../service/render-plan.ts";
import { expectingSetting, oneOf, parsedBy, parseSettings, wholeNumber } from "../service/settings.ts";
import type { Patience } from "./lease.ts";

export const count = (fallback: number) => wholeNumber(1).default(fallback);

/** A {@link count} within the range of timers. */
export const milliseconds = (fallback: number) => wholeNumber(1, 2 ** 31 - 1).default(fallback);

/** Which pictures need a signed URL: none, those from other servers, every one. */
const SIGNING_MODES = ["off", "remote", "all"] as const;

/** Which URLs must be signed, and by which keys. */
export type Signing = { readonly mode: "off" } | { readonly mode: "remote" | "all"; readonly keys: Keyring };

/** The settings that say which URLs must be signed; read where links are checked and where they are made. */
export const SigningVars = z
  .object({
    SIGNED_URLS: oneOf(SIGNING_MODES).optional(),
    URL_KEYS: parsedBy(parseKeyring, "URL_KEYS").optional(),
  })
  .refine(({ SIGNED_URLS, URL_KEYS }) => SIGNED_URLS !== undefined || URL_KEYS === undefined, {
    error: `Expected one of ${SIGNING_MODES.join(", ")} for SIGNED_URLS where URL_KEYS has keys, got nothing`,
  })
  .transform(({ SIGNED_URLS: mode = "off", URL_KEYS: keys }, context): { signing: Signing } => {
    if (mode === "off") return { signing: { mode } };
    if (keys !== undefined) return { signing: { mode, keys } };
    context.addIssue("Expected keys for URL_KEYS where SIGNED_URLS is on, got none");
    return z.NEVER;
  });

/** Where the variables are set, for error messages. */
export const VARS_PLACE = "[vars] in wrangler.toml";

/** @see RFC 9111 section 5.2 */
const DIRECTIVES = /^[\w-]+(=([\w-]+|"[^"]*"))?(\s*,\s*[\w-]+(=([\w-]+|"[^"]*"))?)*$/;
const DIRECTIVES_EXPECTED = expectingSetting("directives such as public, max-age=3600,");

/** Matches an age that could not be capped to the expiry of a signed link. */
const ODD_AGE = /age=(?!\d+\s*(,|$))/i;

/** The `[vars]` of wrangler.toml. They are parsed once, at the first request; with a bad value, every request fails. */
const Vars = z
  .object({
    MAX_SOURCE_BYTES: count(20_000_000),
    MAX_INPUT_PIXELS: count(262_144),
    MAX_OUTPUT_PIXELS: count(1_048_576),
    MAX_AVIF_PIXELS: count(393_216),
    MAX_JPEG_SCANS: count(100),
    MAX_URL_LENGTH: count(2048),
    CACHE_CONTROL: z
      .string({ error: DIRECTIVES_EXPECTED })
      .trim()
      .regex(DIRECTIVES, { error: DIRECTIVES_EXPECTED, abort: true })
      .refine((value) => !ODD_AGE.test(value), { error: expectingSetting("ages in whole seconds, without quotes,") })
      .default("public, max-age=3600, stale-while-revalidate=86400"),
    PRESETS: parsedBy(parsePresets, "PRESETS").prefault("{}"),
    PRESETS_ONLY: oneOf(["true", "false"]).default("false"),
    ALLOWED_SOURCES: parsedBy(parseAllowList, "ALLOWED_SOURCES").prefault(""),
    SOURCE_TIMEOUT_MS: milliseconds(10_000),
    LEASE_WAIT_MS: milliseconds(25_000),
    LEASE_HOLD_MS: milliseconds(120_000),
  })
  .and(SigningVars);

export interface Limits extends PictureLimits {
  readonly sourceBytes: number;
  readonly urlLength: number;
}

export interface Config {
  readonly limits: Limits;
  /** Cache-Control of every picture. */
  readonly cacheControl: string;
  readonly presets: Presets;
  /** Where remote sources may come from, and how long they may take. */
  readonly remote: { readonly allowed: AllowList; readonly timeoutMs: number };
  readonly signing: Signing;
  /** How long a request waits for another that computes the same result, and how long that one may take. */
  readonly lease: Patience;
}

export function parseConfig(env: object): Config {
  const vars = parseSettings(Vars, env, VARS_PLACE);
  return {
    limits: {
      sourceBytes: vars.MAX_SOURCE_BYTES,
      inputPixels: vars.MAX_INPUT_PIXELS,
      outputPixels: vars.MAX_OUTPUT_PIXELS,
      avifPixels: vars.MAX_AVIF_PIXELS,
      jpegScans: vars.MAX_JPEG_SCANS,
      urlLength: vars.MAX_URL_LENGTH,
    },
    cacheControl: vars.CACHE_CONTROL,
    presets: vars.PRESETS_ONLY === "true" ? onlyPresets(vars.PRESETS) : { ops: vars.PRESETS },
    remote: { allowed: vars.ALLOWED_SOURCES, timeoutMs: vars.SOURCE_TIMEOUT_MS },
    signing: vars.signing,
    lease: { waitMs: vars.LEASE_WAIT_MS, holdMs: vars.LEASE_HOLD_MS },
  };
}
