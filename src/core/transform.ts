import * as z from "zod";
import { expected, ServiceError } from "./errors.ts";
import { FORMATS, type Format, SCALES, type Scale } from "./image.ts";

/** What a URL asks for: the part between `/img/` and the source, parsed. */
export interface Transform {
  readonly scale: Scale;
  /** Absent: the source's own format. */
  readonly format?: Format | undefined;
  /** 1..100, for formats that lose something. */
  readonly quality?: number | undefined;
  /** Six hex digits, lower case: what shows through where the result's format has no transparency. */
  readonly background?: string | undefined;
  /** `false`: take the first frame of an animation, which is refused otherwise. */
  readonly anim?: false | undefined;
  /** What is answered in place of a result that cannot be made; absent: the error. Changes no result, so no key either. */
  readonly onerror?: "interpolate" | "original" | undefined;
}

const ALIASES = new Map([
  ["f", "format"],
  ["q", "quality"],
]);

const Options = z.strictObject({
  format: z
    .enum([...FORMATS, "jpg"], { error: `Expected one of ${FORMATS.join(", ")}` })
    .transform((name) => (name === "jpg" ? "jpeg" : name))
    .optional(),
  quality: z
    .string()
    .regex(/^([1-9]\d?|100)$/, "Expected a whole number from 1 to 100")
    .transform(Number)
    .optional(),
  background: z
    .string()
    .regex(/^([0-9a-f]{3}|[0-9a-f]{6})$/i, "Expected 3 or 6 hex digits")
    .transform((hex) => (hex.length === 3 ? hex.replace(/./g, "$&$&") : hex).toLowerCase())
    .optional(),
  anim: z
    .enum(["true", "false"], { error: "Expected true or false" })
    .transform((value) => (value === "false" ? (false as const) : undefined))
    .optional(),
  onerror: z
    .enum(["error", "interpolate", "original"], { error: "Expected error, interpolate or original" })
    .transform((value) => (value === "error" ? undefined : value))
    .optional(),
});

/**
 * Parses `x2,format=webp,quality=80`. Order does not matter, aliases (`f`, `q`) are accepted, nothing may stand twice.
 *
 * @throws {ServiceError} `invalid_transform`
 */
export function parseTransform(ops: string): Transform {
  let scale: Scale | undefined;
  const given: Record<string, string> = {};
  for (const op of ops.split(",")) {
    const [name = "", ...rest] = op.split("=");
    const key = ALIASES.get(name) ?? name;
    const asScale = SCALES.find((s) => op === `x${s}`);
    if (asScale !== undefined) {
      if (scale !== undefined) throw invalid(expected("one scale", "transform", ops));
      scale = asScale;
    } else if (rest.length !== 1 || !Object.hasOwn(Options.shape, key)) {
      throw invalid(expected("x2, x3, x4, format=, quality=, background=, anim= or onerror=", "transform", op));
    } else if (Object.hasOwn(given, key)) {
      throw invalid(expected(`${key} once`, "transform", ops));
    } else {
      given[key] = rest.join("=");
    }
  }
  if (scale === undefined) throw invalid(expected("a scale of x2, x3 or x4", "transform", ops));

  const options = Options.safeParse(given);
  if (!options.success) {
    const issue = options.error.issues[0];
    const key = String(issue?.path[0]);
    throw invalid(`${issue?.message} for ${key}, got ${JSON.stringify(given[key]?.slice(0, 80))}`);
  }
  return { scale, ...options.data };
}

/** The one canonical spelling of a transform, `onerror` apart; inverse of {@link parseTransform}. Keys and signatures are made from it. */
export function formatTransform({ scale, format, quality, background, anim }: Transform): string {
  const options = { format, quality, background, anim };
  const ops = Object.entries(options).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
  return [`x${scale}`, ...ops].join(",");
}

function invalid(message: string): ServiceError {
  return new ServiceError("invalid_transform", message);
}
