import type { ServiceError } from "../core/errors.ts";
import type { Stopwatch } from "../service/stopwatch.ts";
import { imageResponse } from "./image-response.ts";
import type { Located, Pipeline } from "./pipeline.ts";

interface FallbackDeps {
  /** Key or URL of the picture. */
  readonly name: string;
  readonly pipeline: Pipeline;
  readonly stopwatch: Stopwatch;
  /** Throws where the client has had its share of work. */
  readonly admit: () => Promise<void>;
  /** Of the result that could not be made. */
  readonly headers: Headers;
}

/** A picture that is too large, damaged or of another format is no source for us, but may be one for a browser. */
const UNFIT: readonly number[] = [413, 415, 422];

/**
 * What `onerror` asks for in place of a result that could not be made; kept by nobody, so that the next request gets the
 * result. Undefined where the error has to be the answer: nothing else was asked for, the request is at fault (or the picture, and
 * it was to be interpolated), the source is not public, or the picture does not fit into the isolate.
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
