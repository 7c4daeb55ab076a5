import { parseAccept } from "hono/utils/accept";
import { type Format, ownFormat } from "./image.ts";
import type { Probe } from "./probe/probe-result.ts";
import type { Transform } from "./transform.ts";

/** What `format=auto` offers besides JPEG and PNG, the smallest files first. */
const OFFERED = ["avif", "webp"] as const;

/**
 * Resolves `format=auto` from an Accept header (RFC 9110 §12.5.1) to one of four lists: avif and webp, avif, webp, or none.
 * Only formats that the client names count, because browsers send a wildcard whatever they can show.
 */
export function negotiate(transform: Transform, accept = ""): Transform {
  if (transform.format !== "auto") return transform;
  const weights = new Map(parseAccept(accept).map(({ type, q }) => [type.toLowerCase(), q]));
  const weight = (...types: string[]) => types.map((type) => weights.get(type)).find((q) => q !== undefined) ?? 0;
  const plain = Math.max(...["image/png", "image/jpeg"].map((type) => weight(type, "image/*", "*/*")));
  const accepts = OFFERED.filter((format) => weight(`image/${format}`) >= Math.max(plain, 0.001));
  accepts.sort((a, b) => weight(`image/${b}`) - weight(`image/${a}`));
  // AVIF after WebP is not worth a key of its own: only a side of exactly 16384 px fits into AVIF and not into WebP.
  const last = accepts.indexOf("webp");
  return { ...transform, accepts: last < 0 ? accepts : accepts.slice(0, last + 1) };
}

/**
 * The format of a result: the one asked for, or the source's. With `auto` it is the first accepted one that `fits`, then JPEG
 * for a lossy opaque source, otherwise PNG: every client shows these two.
 */
export function resultFormat(
  { format, accepts = [] }: Transform,
  source: Pick<Probe, "format" | "lossy" | "opaque">,
  fits: (format: Format) => boolean,
): Format {
  if (format !== "auto") return format === undefined || format === "json" ? ownFormat(source.format) : format;
  const candidates: readonly Format[] = source.lossy && source.opaque ? [...accepts, "jpeg"] : accepts;
  return candidates.find(fits) ?? "png";
}
