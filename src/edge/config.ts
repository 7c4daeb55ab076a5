import * as z from "zod";
import { type AllowList, parseAllowList } from "../core/allow-list.ts";
import { type Keyring, parseKeyring } from "../core/keyring.ts";
import { onlyPresets, type Presets, parsePresets } from "../core/presets.ts";
import type { PictureLimits } from "../service/render-plan.ts";
import type { Patience } from "./lease.ts";

/** A whole number from 1, from text. */
export const Count = z
  .string()
  .regex(/^[1-9]\d{0,11}$/, "Expected a positive whole number")
  .transform(Number);

/** What timers take. */
export const Milliseconds = Count.refine((ms) => ms < 2 ** 31, "Expected at most 2147483647");

/** What `parse` makes of a text; where it throws, the variable is named that is wrong. */
export function parsedBy<T>(parse: (text: string) => T) {
  return z.string().transform((text, context) => {
    try {
      return parse(text);
    } catch (error) {
      context.addIssue(error instanceof Error ? error.message : `${error}`);
      return z.NEVER;
    }
  });
}

/** Which pictures need a signed URL: none, those from other servers, every one. */
const SIGNING_MODES = ["off", "remote", "all"] as const;
type SigningMode = (typeof SIGNING_MODES)[number];

/** Which URLs must be signed, and by which keys; undefined: no signature is valid. */
export interface Signing {
  readonly mode: SigningMode;
  readonly keys: Keyring | undefined;
}

/** What says which URLs must be signed: for those who check links and for those who make them. */
export const SigningVars = z
  .object({
    SIGNED_URLS: z.enum(SIGNING_MODES),
    URL_KEYS: parsedBy((keys) => parseKeyring(keys, "URL_KEYS")).optional(),
  })
  .refine(({ SIGNED_URLS, URL_KEYS }) => SIGNED_URLS === "off" || URL_KEYS !== undefined, {
    error: "Expected keys for URL_KEYS where SIGNED_URLS is on, got none",
  })
  .transform(({ SIGNED_URLS, URL_KEYS }) => ({ signing: { mode: SIGNED_URLS, keys: URL_KEYS } }));

/** @see RFC 9111 section 5.2 */
const DIRECTIVES = /^[\w-]+(=([\w-]+|"[^"]*"))?(\s*,\s*[\w-]+(=([\w-]+|"[^"]*"))?)*$/;

/** What would not be lowered to the end of a signed link. */
const ODD_AGE = /age=(?!\d+\s*(,|$))/i;

/** The `[vars]` of wrangler.toml: text from outside, parsed once, at the first request; with a bad value all fail. */
const Vars = z
  .object({
    MAX_SOURCE_BYTES: Count,
    MAX_INPUT_PIXELS: Count,
    MAX_OUTPUT_PIXELS: Count,
    MAX_AVIF_PIXELS: Count,
    MAX_JPEG_SCANS: Count,
    MAX_URL_LENGTH: Count,
    CACHE_CONTROL: z
      .string()
      .trim()
      .regex(DIRECTIVES, "Expected directives such as public, max-age=3600")
      .refine((value) => !ODD_AGE.test(value), "Expected ages in whole seconds, without quotes"),
    PRESETS: parsedBy(parsePresets).prefault("{}"),
    PRESETS_ONLY: z.enum(["true", "false"]).default("false"),
    ALLOWED_SOURCES: parsedBy(parseAllowList),
    SOURCE_TIMEOUT_MS: Milliseconds,
    LEASE_WAIT_MS: Milliseconds,
    LEASE_HOLD_MS: Milliseconds,
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
  /** How long a request waits for another that computes the same, and how long that may take. */
  readonly lease: Patience;
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
    presets: vars.data.PRESETS_ONLY === "true" ? onlyPresets(vars.data.PRESETS) : { ops: vars.data.PRESETS },
    remote: { allowed: vars.data.ALLOWED_SOURCES, timeoutMs: vars.data.SOURCE_TIMEOUT_MS },
    signing: vars.data.signing,
    lease: { waitMs: vars.data.LEASE_WAIT_MS, holdMs: vars.data.LEASE_HOLD_MS },
  };
}
