import { disposition } from "../core/disposition.ts";
import { mediaType } from "../core/image.ts";
import type { Transform } from "../core/transform.ts";
import type { Inspected } from "./pipeline.ts";
import type { Result } from "./results.ts";

interface HeaderOptions {
  readonly etag: string;
  readonly cacheControl: string;
  readonly format: Transform["format"];
}

/** The headers that every answer about one result has, 304 included (RFC 9110 §15.4.5). */
export function resultHeaders({ etag, cacheControl, format }: HeaderOptions): Headers {
  return new Headers({
    ETag: etag,
    "Cache-Control": cacheControl,
    "Accept-Ranges": format === "json" ? "none" : "bytes",
    // Nothing may run. The inline style is the browser's own, for a picture that is opened directly.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Timing-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
    ...(format === "auto" && { Vary: "Accept" }),
  });
}

/**
 * 200 with a result, or 206 with a part of it; without a body if the result has none (HEAD).
 *
 * @param source - key or URL of the picture that the result was made from.
 */
export function imageResponse(headers: Headers, source: string, { facts, bytes, body, range }: Result): Response {
  headers.set("Content-Type", mediaType(facts.format));
  headers.set("Content-Disposition", disposition(source, facts.format));
  headers.set("X-SSIU-Engine", facts.engine);
  if (facts.model !== undefined) headers.set("X-SSIU-Model", facts.model);
  headers.set("X-SSIU-Source-Size", `${facts.sourceWidth}x${facts.sourceHeight}`);
  const length = range?.length ?? bytes;
  if (length !== undefined) headers.set("Content-Length", `${length}`);
  if (range) headers.set("Content-Range", `bytes ${range.offset}-${range.offset + range.length - 1}/${bytes}`);
  return new Response(body ?? null, { status: range ? 206 : 200, headers });
}

/** 200 with the facts about a source and its result that are known before the result is made (`format=json`). */
export function factsResponse(headers: Headers, { probe, plan, facts }: Inspected): Response {
  const { format, width, height, orientation, frames } = probe;
  const result = { format: facts.format, ...plan.canvas, scale: plan.scale, model: facts.model };
  return Response.json({ source: { format, width, height, orientation, frames }, result }, { headers });
}
