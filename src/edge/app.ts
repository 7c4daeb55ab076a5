import { Hono } from "hono";
import { cors } from "hono/cors";
import { type RequestIdVariables, requestId } from "hono/request-id";
import { negotiate } from "../core/accept.ts";
import { expected, ServiceError } from "../core/errors.ts";
import { noneMatchHits } from "../core/http.ts";
import { parseImagePath } from "../core/image-path.ts";
import type { FindModel } from "../engine/models.ts";
import { asServiceError, logError, problem } from "../service/problem.ts";
import type { Renderer } from "../service/render.ts";
import { createStopwatch } from "../service/stopwatch.ts";
import type { Authorize } from "./access.ts";
import type { Config } from "./config.ts";
import { factsResponse, imageResponse, resultHeaders } from "./image-response.ts";
import { keep } from "./keep.ts";
import { fallback } from "./onerror.ts";
import type { Pipeline } from "./pipeline.ts";
import type { ProduceOnce, Product } from "./produce.ts";
import { clientOf, type RateLimiter } from "./rate-limit.ts";
import type { Result, Results } from "./results.ts";

export interface Deps {
  readonly config: Config;
  readonly results: Results;
  readonly renderer: Renderer;
  readonly model: FindModel;
  readonly pipeline: Pipeline;
  readonly produceOnce: ProduceOnce;
  readonly authorize: Authorize;
  /** Of all requests, by address; of those that find no result, by signing key or else address. */
  readonly rates: { readonly requests: RateLimiter; readonly misses: RateLimiter };
  /** Milliseconds; only differences are used. */
  readonly now: () => number;
  /** Jobs and webhooks. */
  readonly v1: Hono<{ Variables: RequestIdVariables }>;
}

/** The Worker's routes. Everything they touch is an argument. */
export function createApp({ config, results, renderer, model, pipeline, produceOnce, ...deps }: Deps) {
  const { authorize, rates, now, v1 } = deps;
  const { limits, presets } = config;
  const app = new Hono();

  app.use(requestId());
  app.use("/img/*", cors({ origin: "*", allowMethods: ["GET", "HEAD"], exposeHeaders: ["*"], maxAge: 86_400 }));

  app.route("/v1", v1);

  app.get("/healthz", (c) => c.json({ status: "ok", engine: renderer.engine.name }));

  app.get("/img/*", async (c) => {
    const stopwatch = createStopwatch(now);
    const client = clientOf(c.req.header("CF-Connecting-IP"));
    await rates.requests(client);
    const asked = parseImagePath(pathname(c.req.url, limits.urlLength), presets);
    const { cacheControl, keyId } = await authorize(asked, c.req.raw);
    const transform = negotiate(asked.transform, c.req.header("Accept"));
    const located = await pipeline.locate({ ...asked, transform }, stopwatch);
    const { path, etag } = located.key;
    const headers = resultHeaders({ etag, cacheControl, negotiated: transform.format === "auto" });
    if (noneMatchHits(c.req.header("If-None-Match"), etag)) return new Response(null, { status: 304, headers });

    const isHead = c.req.method === "HEAD";
    const range = (c.req.header("If-Range") ?? etag) === etag ? c.req.header("Range") : undefined;
    const admit = () => rates.misses(keyId ?? client);
    if (transform.format === "json") {
      await admit();
      return factsResponse(headers, await pipeline.inspect(located, stopwatch));
    }

    const answer = (cacheStatus: string, result: Result) => {
      headers.set("Cache-Status", `ssiu-edge; ${cacheStatus}`);
      headers.set("Server-Timing", stopwatch.header());
      return imageResponse(headers, result);
    };

    const found = await stopwatch.time("results", isHead ? results.head(path) : results.get(path, range));
    if (found !== undefined) return answer("hit", found);
    if (isHead) {
      await admit();
      return answer("fwd=uri-miss", { facts: (await pipeline.inspect(located, stopwatch)).facts });
    }

    const id = c.get("requestId");
    const onFailure = (cause: unknown) => logError(id, cause);
    let product: Product | undefined;
    try {
      product = await produceOnce(located, { stopwatch, admit, requestId: id });
    } catch (cause) {
      const deps = { pipeline, limits, model, renderer, stopwatch, headers };
      const instead = await fallback(asServiceError(cause), located, deps);
      if (instead === undefined) throw cause;
      onFailure(cause);
      return instead;
    }
    if (product === undefined) {
      const collapsed = await stopwatch.time("results", results.get(path, range));
      if (collapsed === undefined)
        throw new ServiceError("overloaded", "The result was deleted as soon as it was made");
      return answer("fwd=uri-miss; collapsed", collapsed);
    }
    const waitUntil = c.executionCtx.waitUntil.bind(c.executionCtx);
    const kept = await keep(results, { path, ...product }, { range, waitUntil, onFailure });
    if (!kept.strong) headers.set("ETag", `W/${etag}`);
    return answer(`fwd=uri-miss${kept.strong ? "; stored" : ""}`, kept.result);
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
