import { Hono } from "hono";
import { cors } from "hono/cors";
import { type RequestIdVariables, requestId } from "hono/request-id";
import { expected, ServiceError } from "../core/errors.ts";
import { noneMatchHits, parseRange } from "../core/http.ts";
import type { Scale } from "../core/image.ts";
import { parseImagePath } from "../core/image-path.ts";
import type { Model } from "../engine/models.ts";
import type { Config } from "./config.ts";
import { imageResponse, resultHeaders } from "./image-response.ts";
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
  readonly model: (scale: Scale) => Model;
  /** Milliseconds; only differences are used. */
  readonly now: () => number;
  /** Jobs and webhooks. */
  readonly v1: Hono<{ Variables: RequestIdVariables }>;
}

/** The Worker's routes. Everything they touch is an argument. */
export function createApp({ config, results, renderer, now, v1, ...below }: Deps) {
  const { limits, cacheControl } = config;
  const pipeline = createPipeline({ limits, renderer, ...below });
  const app = new Hono();

  app.use(requestId());
  app.use("/img/*", cors({ origin: "*", allowMethods: ["GET", "HEAD"], exposeHeaders: ["*"], maxAge: 86_400 }));

  app.route("/v1", v1);

  app.get("/healthz", (c) => c.json({ status: "ok", engine: renderer.engine.name }));

  app.get("/img/*", async (c) => {
    const stopwatch = createStopwatch(now);
    const located = await pipeline.locate(parseImagePath(pathname(c.req.url, limits.urlLength)), stopwatch);
    const { path, etag } = located.key;
    const headers = resultHeaders({ etag, model: located.model, cacheControl });
    if (noneMatchHits(c.req.header("If-None-Match"), etag)) return new Response(null, { status: 304, headers });

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

    const body = await pipeline.render(inspected, stopwatch);
    c.executionCtx.waitUntil(results.put(path, body, facts).catch((cause) => logError(c.get("requestId"), cause)));
    headers.set("Server-Timing", stopwatch.header());
    const part = parseRange(range, body.length);
    const wanted = part === undefined ? body : body.subarray(part.offset, part.offset + part.length);
    return imageResponse(headers, { facts, bytes: body.length, body: wanted, range: part });
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
