import type { ServiceError } from "../core/errors.ts";
import { LANCZOS3, resize } from "../core/resample.ts";
import type { Engine } from "../engine/engine.ts";
import type { FindModel } from "../engine/models.ts";
import { type Renderer, render } from "../service/render.ts";
import type { Stopwatch } from "../service/stopwatch.ts";
import type { Limits } from "./config.ts";
import { imageResponse } from "./image-response.ts";
import type { Located, Pipeline } from "./pipeline.ts";
import { planIfFits } from "./place.ts";

/** Interpolation in the network's place. A tile's halo of 8 px is wider than the kernel's 3: no seams. */
const LANCZOS: Engine = {
  name: "lanczos",
  upscale: async (tile, scale) =>
    resize(tile, { width: scale * tile.width, height: scale * tile.height, kernel: LANCZOS3 }),
};

interface FallbackDeps {
  readonly pipeline: Pipeline;
  readonly limits: Limits;
  readonly model: FindModel;
  readonly renderer: Renderer;
  readonly stopwatch: Stopwatch;
  /** Throws where the client has had its share of work. */
  readonly admit: () => Promise<void>;
  /** Of the result that could not be made. */
  readonly headers: Headers;
}

/**
 * What `onerror` asks for in place of a result that could not be made; kept by nobody, so that the next request gets the
 * result. Undefined where the error has to be the answer: nothing else was asked for, the picture is at fault, the source
 * is not public, or the picture does not fit into the isolate.
 */
export async function fallback(
  error: ServiceError,
  located: Located,
  { pipeline, limits, model, renderer, stopwatch, admit, headers: ofResult }: FallbackDeps,
): Promise<Response | undefined> {
  const { transform, source } = located;
  if (error.status < 500 || transform.onerror === undefined) return undefined;
  const headers = new Headers(ofResult);
  for (const name of ["ETag", "Accept-Ranges"]) headers.delete(name);
  headers.set("Cache-Control", "no-store");
  headers.set("Cache-Status", "ssiu-edge; fwd=uri-miss");
  headers.set("X-SSIU-Fallback", transform.onerror);

  if (transform.onerror === "original") {
    if (source.publicUrl === undefined) return undefined;
    headers.set("Location", source.publicUrl);
    return new Response(null, { status: 302, headers });
  }
  await admit();
  const inspected = await pipeline.inspect(located, stopwatch);
  const { probe, facts } = inspected;
  const plan = planIfFits(probe, transform, { limits, model });
  if (plan === undefined) return undefined;
  const body = await render({ ...renderer, engine: LANCZOS }, { ...inspected, plan }, stopwatch);
  headers.set("Server-Timing", stopwatch.header());
  return imageResponse(headers, {
    facts: { ...facts, format: plan.format, engine: LANCZOS.name, model: "none" },
    bytes: body.length,
    body,
  });
}
