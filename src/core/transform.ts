import * as z from "zod";
import { expected, ServiceError } from "./errors.ts";
import { DEFAULT_QUALITY, FORMATS, type Format, type Point, type Scale, VARIANTS, type Variant } from "./image.ts";

/** How a picture is fitted into a width and a height, by Cloudflare's names (docs/url.md). */
export const FITS = ["contain", "scale-down", "scale-up", "cover", "crop", "pad", "squeeze"] as const;
export type Fit = (typeof FITS)[number];

/** What a URL asks for: the part between `/img/` and the source, parsed. */
export interface Transform {
  /** 1: no network. "auto": the smallest that width and height need; at least one of them is then set. */
  readonly scale: 1 | Scale | "auto";
  /** In pixels of the result, 1..{@link MAX_RESULT_SIDE}: `dpr` has been multiplied in. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** Absent: "contain". */
  readonly fit?: Fit | undefined;
  /** The point that a cut keeps in its middle, if it can: 0 to 1 of width and height. Only with "cover" and "crop"; absent: the middle. */
  readonly gravity?: Point | undefined;
  /** Absent: the source's own format. "auto": the best that the client accepts. "json": facts, no picture. */
  readonly format?: Format | "auto" | "json" | undefined;
  /** 1..100; absent if it changes nothing: with "png" and "json", or if it is the default of the format named. */
  readonly quality?: number | undefined;
  /** Six hex digits, lower case: what replaces transparency and surrounds `fit=pad`. Absent: transparent, or white with "jpeg". */
  readonly background?: string | undefined;
  /** `false`: take the first frame of an animation, which is refused otherwise. */
  readonly anim?: false | undefined;
  /** Absent: chosen from the source's header and pixels. */
  readonly model?: Variant | undefined;
  /** With `format=auto`: what the client accepts besides PNG and JPEG, best first. Never in the URL; see accept.ts. */
  readonly accepts?: readonly Format[] | undefined;
  /** The answer if the result cannot be made; absent: the error. Changes no result, so it is in no key. */
  readonly onerror?: "interpolate" | "original" | undefined;
}

/** The largest side that can be asked for, in pixels: WebP stores no larger one. */
const MAX_RESULT_SIDE = 16_383;

const SCALE_OPS = new Map<string, Transform["scale"]>([
  ["x1", 1],
  ["x2", 2],
  ["x3", 3],
  ["x4", 4],
  ["auto", "auto"],
]);

/** Sides that `gravity` keeps, by Cloudflare's names. */
const GRAVITIES = new Map([
  ["center", "0.5x0.5"],
  ["left", "0x0.5"],
  ["right", "1x0.5"],
  ["top", "0.5x0"],
  ["bottom", "0.5x1"],
]);

/** 0 to 1. */
const FRACTION = String.raw`(0(?:\.\d{1,3})?|1(?:\.0{1,3})?)`;
const POINT = new RegExp(`^${FRACTION}x${FRACTION}$`);

const ALIASES = new Map([
  ["w", "width"],
  ["h", "height"],
  ["f", "format"],
  ["g", "gravity"],
  ["q", "quality"],
]);

const OneOf = <const Names extends readonly [string, ...string[]]>(names: Names) =>
  z.enum(names, { error: `Expected one of ${names.join(", ")}` });
const Side = z
  .string()
  .regex(/^[1-9]\d{0,4}$/, `Expected a whole number from 1 to ${MAX_RESULT_SIDE}`)
  .transform(Number);

const Options = z.strictObject({
  width: Side.optional(),
  height: Side.optional(),
  dpr: z
    .string()
    .regex(/^([1-3](\.\d{1,2})?|4(\.00?)?)$/, "Expected a number from 1 to 4 with at most 2 decimals")
    .transform(Number)
    .optional(),
  fit: OneOf(FITS).optional(),
  gravity: z
    .string()
    .overwrite((name) => GRAVITIES.get(name) ?? name)
    .regex(
      POINT,
      `Expected one of ${[...GRAVITIES.keys()].join(", ")}, or two numbers from 0 to 1 with at most 3 decimals, as 0.5x0.25,`,
    )
    .transform((point) => {
      const [x = 0, y = 0] = point.split("x").map(Number);
      return { x, y };
    })
    .optional(),
  format: OneOf([...FORMATS, "jpg", "auto", "json"])
    .transform((name) => (name === "jpg" ? "jpeg" : name))
    .optional(),
  quality: z
    .string()
    .regex(/^([1-9]\d?|100)$/, "Expected a whole number from 1 to 100")
    .transform(Number)
    .optional(),
  background: z
    .string()
    .regex(/^#?([0-9a-f]{3}|[0-9a-f]{6})$/i, "Expected 3 or 6 hex digits")
    .transform((colour) => {
      const hex = colour.replace("#", "").toLowerCase();
      return hex.length === 3 ? hex.replace(/./g, "$&$&") : hex;
    })
    .optional(),
  anim: OneOf(["true", "false"])
    .transform((value) => (value === "false" ? (false as const) : undefined))
    .optional(),
  metadata: z.literal("none", { error: "Expected none (no other metadata is passed on)" }).optional(),
  model: OneOf(VARIANTS).optional(),
  onerror: OneOf(["error", "interpolate", "original"])
    .transform((value) => (value === "error" ? undefined : value))
    .optional(),
});

const OPS = [...SCALE_OPS.keys(), ...[...Object.keys(Options.shape), "preset"].map((key) => `${key}=`)].join(", ");

/**
 * Parses `x2,format=webp,quality=80`. Order does not matter, aliases (`w`, `h`, `f`, `g`, `q`) are accepted, each op may occur
 * once. Equivalent ops give the same transform: `w=240,dpr=2` is `width=480`, and defaults are left out.
 *
 * @throws {ServiceError} `invalid_transform`
 */
export function parseTransform(ops: string): Transform {
  const { scale, given } = readOps(ops);
  const options = Options.safeParse(given);
  if (!options.success) {
    const issue = options.error.issues[0];
    const key = String(issue?.path[0]);
    throw invalid(`${issue?.message} for ${key}, got ${JSON.stringify(given[key]?.slice(0, 80))}`);
  }
  const { width, height, dpr = 1, fit: asked, gravity, metadata: _, model, ...others } = options.data;
  const fit = effectiveFit(asked, { width, height });
  const size = { width: times(width, dpr), height: times(height, dpr), fit, gravity: effectiveGravity(gravity, fit) };
  if (Math.max(size.width ?? 1, size.height ?? 1) > MAX_RESULT_SIDE) {
    throw invalid(expected(`at most ${MAX_RESULT_SIDE} px`, "width and height times dpr", ops));
  }
  if (width === undefined && height === undefined) {
    if (typeof scale !== "number")
      throw invalid(expected("a scale of x1 to x4, or a width or height", "transform", ops));
    const idle = given.fit !== undefined ? "fit" : given.dpr !== undefined ? "dpr" : undefined;
    if (idle !== undefined) throw invalid(expected(`a width or height beside ${idle}`, "transform", ops));
  }
  if (gravity && asked !== "cover" && asked !== "crop") {
    throw invalid(expected("fit=cover or fit=crop beside gravity", "transform", ops));
  }
  return {
    scale: scale ?? "auto",
    ...size,
    ...others,
    quality: effectiveQuality(others),
    background: others.format === "jpeg" && others.background === "ffffff" ? undefined : others.background,
    model: scale === 1 ? undefined : model,
  };
}

/** The ops by their names, each known and given once; their values are still text. */
function readOps(ops: string): { scale: Transform["scale"] | undefined; given: Record<string, string> } {
  let scale: Transform["scale"] | undefined;
  const given: Record<string, string> = {};
  for (const op of ops.split(",")) {
    const [name = "", value, ...rest] = op.split("=");
    const key = ALIASES.get(name) ?? name;
    const asScale = SCALE_OPS.get(op);
    if (asScale !== undefined) {
      if (scale !== undefined) throw invalid(expected("one scale", "transform", ops));
      scale = asScale;
    } else if (value === undefined || rest.length > 0 || !Object.hasOwn(Options.shape, key)) {
      throw invalid(expected(`one of ${OPS}`, "transform", op));
    } else if (Object.hasOwn(given, key)) {
      throw invalid(expected(`${key} once`, "transform", ops));
    } else {
      given[key] = value;
    }
  }
  return { scale, given };
}

/** The one canonical spelling of a transform, `onerror` apart; inverse of {@link parseTransform}. Keys and signatures are made from it. */
export function formatTransform(transform: Transform): string {
  const { scale, width, height, fit, format, quality, background, anim, model } = transform;
  const gravity = transform.gravity && `${transform.gravity.x}x${transform.gravity.y}`;
  const options = { width, height, fit, gravity, format, quality, background, anim, model };
  const ops = Object.entries(options).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
  return [...(scale === "auto" ? [] : [`x${scale}`]), ...ops].join(",");
}

function times(side: number | undefined, dpr: number): number | undefined {
  // In whole hundredths, because 50 * 1.13 is less than 56.5.
  return side === undefined ? undefined : Math.round((side * Math.round(100 * dpr)) / 100);
}

/** With one side given, the other follows from the picture, so nothing is left to cut, fill or squeeze. */
function effectiveFit(fit: Fit | undefined, { width, height }: Pick<Transform, "width" | "height">): Fit | undefined {
  const whole = width === undefined || height === undefined;
  if (fit === "contain" || (whole && (fit === "cover" || fit === "pad" || fit === "squeeze"))) return undefined;
  return whole && fit === "crop" ? "scale-down" : fit;
}

/** Undefined if it changes nothing: the middle is the default, and it has no effect if nothing is cut. */
function effectiveGravity(gravity: Point | undefined, fit: Fit | undefined): Point | undefined {
  const isIdle = (gravity?.x === 0.5 && gravity.y === 0.5) || (fit !== "cover" && fit !== "crop");
  return isIdle ? undefined : gravity;
}

function effectiveQuality({ format, quality }: Pick<Transform, "format" | "quality">): number | undefined {
  if (format === undefined || format === "auto") return quality; // the default depends on a format that is not known yet
  return format === "png" || format === "json" || quality === DEFAULT_QUALITY[format] ? undefined : quality;
}

function invalid(message: string): ServiceError {
  return new ServiceError("invalid_transform", message);
}
