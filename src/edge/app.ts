import { Hono } from "hono";
import { cors } from "hono/cors";
import { type RequestIdVariables, requestId } from "hono/request-id";
import { negotiate } from "../core/accept.ts";
import { expected, ServiceError } from "../core/errors.ts";
import { cappedCacheControl, matchHolds, noneMatchHits } from "../core/http.ts";
import { parseImagePath } from "../core/image-path.ts";
import { refuseStrayQuery } from "../core/signed-url.ts";
import { allow } from "../service/allow.ts";
import { asServiceError, logError, problem } from "../service/problem.ts";
import { createStopwatch } from "../service/stopwatch.ts";
import type { Authorize } from "./access.ts";
import { type AnswersDeps, createAnswers } from "./answers.ts";
import type { Config } from "./config.ts";
import { resultHeaders } from "./image-response.ts";
import { clientOf, type RateLimiter } from "./rate-limit.ts";

export interface Deps extends AnswersDeps {
  readonly config: Config;
  /** Name of the isolate's own engine. */
  readonly engine: string;
  readonly authorize: Authorize;
  /** Limits for all requests, by address, and for those that no stored result answers, by signing key or else address. */
  readonly rates: { readonly requests: RateLimiter; readonly misses: RateLimiter };
  /** Milliseconds; only differences are used. */
  readonly now: () => number;
  /** Jobs and webhooks. */
  readonly v1: Hono<{ Variables: RequestIdVariables }>;
}

/** Longest cache lifetime of a result that may be outdated because its source's server fails. */
const STALE_SECONDS = 60;

/** The Worker's routes. All their dependencies are arguments. */
export function createApp({ config, engine, authorize, rates, now, v1, ...deps }: Deps) {
  const { limits, presets } = config;
  const { pipeline } = deps;
  const answers = createAnswers(deps);
  const app = new Hono();

  app.use(requestId());
  app.use("/img/*", cors({ origin: "*", allowMethods: ["GET", "HEAD"], exposeHeaders: ["*"], maxAge: 86_400 }));

  app.route("/v1", v1);

  // Without Cache-Control a cache may keep a 200 (RFC 9111 §4.2.2); Varnish does, for two minutes.
  app.get("/healthz", (c) => c.json({ status: "ok", engine }, 200, { "Cache-Control": "no-store" }));

  app.get("/img/*", async (c) => {
    const stopwatch = createStopwatch(now);
    const client = clientOf(c.req.header("CF-Connecting-IP"));
    await rates.requests(client);
    const url = parseUrl(c.req.url, limits.urlLength);
    const asked = parseImagePath(url.pathname, presets);
    refuseStrayQuery(asked.source, url.searchParams);
    const { cacheControl, keyId } = await authorize(asked, c.req.raw);
    const transform = negotiate(asked.transform, c.req.header("Accept"));
    using located = await pipeline.locate({ ...asked, transform }, stopwatch);
    const { etag } = located.key;
    const lifetime = () =>
      located.source.failure === undefined ? cacheControl() : cappedCacheControl(cacheControl(), STALE_SECONDS);
    const headers = resultHeaders({ etag, cacheControl: lifetime(), format: transform.format });
    if (!matchHolds(c.req.header("If-Match"), etag)) {
      throw new ServiceError("precondition_failed", "The picture is not the one that If-Match names");
    }
    if (noneMatchHits(c.req.header("If-None-Match"), etag)) return new Response(null, { status: 304, headers });
    const answer = transform.format === "json" ? answers.facts : c.req.method === "HEAD" ? answers.head : answers.get;
    return await answer(located, {
      requestId: c.get("requestId"),
      name: asked.source,
      stopwatch,
      headers,
      lifetime,
      range: (c.req.header("If-Range") ?? etag) === etag ? c.req.header("Range") : undefined,
      admit: once(() => rates.misses(keyId ?? client)),
      waitUntil: (promise) => c.executionCtx.waitUntil(promise),
    });
  });

  app.all("/healthz", allow("GET, HEAD"));
  app.all("/img/*", allow("GET, HEAD, OPTIONS"));
  app.notFound(() => {
    throw new ServiceError(
      "not_found",
      "Expected /img/<ops>/<source>, /v1/jobs, /v1/uploads, /v1/webhooks/source or /healthz for path",
    );
  });
  app.onError((cause, c) => {
    const error = asServiceError(cause);
    logError(c.get("requestId"), error);
    return problem(error, c.get("requestId"));
  });
  return app;
}

function parseUrl(url: string, maxLength: number): URL {
  if (url.length > maxLength) {
    const detail = { limit: maxLength, actual: url.length, unit: "characters" };
    throw new ServiceError("url_too_long", expected(`at most ${maxLength} characters`, "URL", url), { detail });
  }
  return new URL(url);
}

/** A request that fails after it was admitted, and then takes its `onerror` fallback, counts only once. */
function once(admit: () => Promise<void>): () => Promise<void> {
  let admission: Promise<void> | undefined;
  return () => {
    admission ??= admit();
    return admission;
  };
}
