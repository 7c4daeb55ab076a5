import { expected, ServiceError } from "./errors.ts";

/** Whether an If-None-Match header names this ETag (RFC 9110 §13.1.2, weak comparison). */
export function noneMatchHits(header: string | undefined, etag: string): boolean {
  return tagsOf(header).some((tag) => tag === "*" || tag.replace(/^W\//, "") === etag);
}

/** Whether an If-Match header lets a request for this ETag through (RFC 9110 §13.1.1, strong comparison). */
export function matchHolds(header: string | undefined, etag: string): boolean {
  return header === undefined || tagsOf(header).some((tag) => tag === "*" || tag === etag);
}

function tagsOf(header = ""): string[] {
  return header.trim() === "*" ? ["*"] : (header.match(/(?:W\/)?"[^"]*"/g) ?? []);
}

/** A part of a body: `offset` and `length` in bytes. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * The single range that a Range header asks for (RFC 9110 §14.1.2); undefined if the whole body is to be sent,
 * because the header is absent or malformed, or has another unit or several ranges.
 *
 * @throws {ServiceError} `range_not_satisfiable`
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/i.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  if (from >= size) {
    // Very many digits become Infinity, which JSON does not have.
    const detail = { limit: size, actual: Math.min(from, Number.MAX_SAFE_INTEGER), unit: "bytes" };
    const message = expected(`a part of ${size} bytes`, "Range", header ?? "");
    throw new ServiceError("range_not_satisfiable", message, { detail });
  }
  return { offset: from, length: to - from + 1 };
}

/**
 * Changes a Cache-Control value (RFC 9111 §5.2) so that nothing is served after `seconds` from now: lowers ages, removes
 * `stale-*` and `immutable`, and adds `max-age=0` if there is no max-age, because a cache would choose one (§4.2.2).
 */
export function cappedCacheControl(value: string, seconds: number): string {
  const directives = value.split(",").map((directive) => directive.trim().toLowerCase());
  const kept = directives.filter((directive) => !/^(stale-.*|immutable)$/.test(directive));
  const capped = kept.map((directive) =>
    directive.replace(/^(max-age|s-maxage)=(\d+)$/, (_, name, age) => `${name}=${Math.min(Number(age), seconds)}`),
  );
  const hasAge = capped.some((directive) => directive.startsWith("max-age="));
  return [...capped, ...(hasAge ? [] : ["max-age=0"]), "must-revalidate"].join(", ");
}

/** Milliseconds that a Retry-After header asks to wait, as seconds or as a date; undefined without one. @see RFC 9110 §10.2.3 */
export function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return 1000 * Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
