import type { ServiceError } from "../core/errors.ts";
import type { Stopwatch } from "../service/stopwatch.ts";
import { imageResponse } from "./image-response.ts";
import type { Located, Pipeline } from "./pipeline.ts";

interface FallbackDeps {
  /** Key or URL of the picture. */
  readonly name: string;
  readonly pipeline: Pipeline;
  readonly stopwatch: Stopwatch;
  /** Throws if the client is over its limit. */
  readonly admit: () => Promise<void>;
  /** Headers of the result that could not be made. */
  readonly headers: Headers;
}

/** Statuses of pictures that are too large, unsupported or damaged here, but that a browser may still display. */
const UNFIT: readonly number[] = [413, 415, 422];

/**
 * The answer that `onerror` selects for a result that could not be made. No cache keeps it, so that the next request gets
 * the result. Undefined if the error has to be the answer: there is no `onerror`, the request is at fault (or, with
 * `interpolate`, the picture), the source is not public, or the picture does not fit into the isolate.
 */
export async function fallback(
  error: ServiceError,
  located: Located,
  { name, pipeline, stopwatch, admit, headers: ofResult }: FallbackDeps,
): Promise<Response | undefined> {
  const { transform, source } = located;
  const onerror = transform.onerror;
  if (onerror === undefined || !(error.status >= 500 || (onerror === "original" && UNFIT.includes(error.status))))
    return undefined;
  const headers = new Headers(ofResult);
  for (const header of ["ETag", "Accept-Ranges"]) headers.delete(header);
  headers.set("Cache-Control", "no-store");
  headers.set("Cache-Status", "ssiu-edge; fwd=uri-miss");
  headers.set("X-SSIU-Fallback", onerror);

  if (onerror === "original") {
    if (source.publicUrl === undefined) return undefined;
    headers.set("Location", source.publicUrl);
    return new Response(null, { status: 302, headers });
  }
  await admit();
  const interpolated = await pipeline.interpolate(await pipeline.inspect(located, stopwatch), stopwatch);
  if (interpolated === undefined) return undefined;
  headers.set("Server-Timing", stopwatch.header());
  return imageResponse(headers, name, interpolated);
}
