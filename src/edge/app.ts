import { Hono } from "hono";
import { cors } from "hono/cors";
import { requestId } from "hono/request-id";
import { negotiate } from "../core/accept.ts";
import { expected, ServiceError } from "../core/errors.ts";
import { noneMatchHits } from "../core/http.ts";
import { parseImagePath } from "../core/image-path.ts";
import type { FindModel } from "../engine/models.ts";
import type { Config } from "./config.ts";
import { factsResponse, imageResponse, resultHeaders } from "./image-response.ts";
import { keep } from "./keep.ts";
import { fallback } from "./onerror.ts";
import type { Origin } from "./origin-client.ts";
import { createPipeline } from "./pipeline.ts";
import { asServiceError, logError, problem } from "./problem.ts";
import type { Renderer } from "./render.ts";
import type { Results } from "./results.ts";
import type { OpenSource } from "./sources.ts";
import { createStopwatch } from "./stopwatch.ts";

export interface Deps {
  readonly config: Config;
  readonly openSource: OpenSource;
  readonly results: Results;
  readonly renderer: Renderer;
  readonly model: FindModel;
  readonly origin?: Origin | undefined;
  /** Milliseconds; only differences are used. */
  readonly now: () => number;
}

/** The Worker's routes. Everything they touch is an argument. */
export function createApp({ config, results, renderer, model, now, ...below }: Deps) {
  const { limits, cacheControl, presets } = config;
  const pipeline = createPipeline({ limits, renderer, model, ...below });
  const app = new Hono();

  app.use(requestId());
  app.use("/img/*", cors({ origin: "*", allowMethods: ["GET", "HEAD"], exposeHeaders: ["*"], maxAge: 86_400 }));

  app.get("/healthz", (c) => c.json({ status: "ok", engine: renderer.engine.name }));

  app.get("/img/*", async (c) => {
    const stopwatch = createStopwatch(now);
    const { transform: asked, source } = parseImagePath(pathname(c.req.url, limits.urlLength), presets);
    const transform = negotiate(asked, c.req.header("Accept"));
    const located = await pipeline.locate({ transform, source }, stopwatch);
    const { path, etag } = located.key;
    const headers = resultHeaders({ etag, cacheControl, negotiated: transform.format === "auto" });
    if (noneMatchHits(c.req.header("If-None-Match"), etag)) return new Response(null, { status: 304, headers });

    if (transform.format === "json") return factsResponse(headers, await pipeline.inspect(located, stopwatch));

    const isHead = c.req.method === "HEAD";
    const range = (c.req.header("If-Range") ?? etag) === etag ? c.req.header("Range") : undefined;
    const stored = await stopwatch.time("results", isHead ? results.head(path) : results.get(path, range));
    headers.set(
      "Cache-Status",
      stored !== undefined ? "ssiu-edge; hit" : `ssiu-edge; fwd=uri-miss${isHead ? "" : "; stored"}`,
    );
    headers.set("Server-Timing", stopwatch.header());
    if (stored !== undefined) return imageResponse(headers, stored);

    const inspected = await pipeline.inspect(located, stopwatch);
    const { facts } = inspected;
    if (isHead) return imageResponse(headers, { facts });

    const id = c.get("requestId");
    const onFailure = (cause: unknown) => logError(id, cause);
    let bytes: Uint8Array;
    try {
      bytes = await pipeline.render(inspected, stopwatch, id);
    } catch (cause) {
      const answer = await fallback(asServiceError(cause), inspected, { limits, renderer, model, stopwatch, headers });
      if (answer === undefined) throw cause;
      onFailure(cause);
      return answer;
    }
    headers.set("Server-Timing", stopwatch.header());
    const waitUntil = c.executionCtx.waitUntil.bind(c.executionCtx);
    const kept = await keep(results, { path, bytes, facts }, { range, waitUntil, onFailure });
    if (!kept.strong) {
      headers.set("ETag", `W/${etag}`);
      headers.set("Cache-Status", "ssiu-edge; fwd=uri-miss");
    }
    return imageResponse(headers, kept.result);
  });

  app.all("/img/*", () => {
    throw new ServiceError("method_not_allowed", "Expected GET or HEAD");
  });
  app.notFound(() => {
    throw new ServiceError("not_found", "Expected /img/<ops>/<source> or /healthz for path");
  });
  app.onError((cause, c) => {
    const error = asServiceError(cause);
    logError(c.get("requestId"), error);
    return problem(error, c.get("requestId"));
  });
  return app;
}

function pathname(url: string, maxLength: number): string {
  if (url.length > maxLength) {
    const detail = { limit: maxLength, actual: url.length, unit: "characters" };
    throw new ServiceError("url_too_long", expected(`at most ${maxLength} characters`, "URL", url), { detail });
  }
  return new URL(url).pathname;
}
