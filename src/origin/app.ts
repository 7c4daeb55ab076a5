import { Hono } from "hono";
import { requestId } from "hono/request-id";
import { ServiceError } from "../core/errors.ts";
import { mediaType } from "../core/image.ts";
import { contentDigest } from "../core/origin-request.ts";
import { PIPELINE_VERSION } from "../core/result-key.ts";
import { parseTransform } from "../core/transform.ts";
import type { FindModel } from "../engine/models.ts";
import { allow } from "../service/allow.ts";
import { asServiceError, logError, problem } from "../service/problem.ts";
import { readSource } from "../service/source-body.ts";
import type { Config } from "./config.ts";
import { createDeadline } from "./deadline.ts";
import type { Metrics } from "./metrics.ts";
import { bodyLength, createReception, parseDeadline, verifyBody, verifySignature } from "./signed-request.ts";
import { createUpscaler, inspect, type Running } from "./upscaler.ts";

interface AppDeps extends Pick<Config, "limits" | "queueTiles" | "pixelWorkers" | "keyring"> {
  readonly findModel: FindModel;
  readonly metrics: Metrics;
  /** Undefined until the models are loaded. */
  readonly running: () => Running | undefined;
  /** Whether the program is about to end. */
  readonly isDraining: () => boolean;
  /** Milliseconds; only differences are used. */
  readonly now: () => number;
  /** Unix time in milliseconds. */
  readonly date: () => number;
}

/** How many bodies of the largest size may be received at once. */
const BODIES = 16;

/** Retry-After while the models load, which takes up to half a minute. */
const LOADING_SECONDS = 10;

/** The origin's routes. All their dependencies are arguments. */
export function createOriginApp({ limits, keyring, findModel, metrics, pixelWorkers, now, ...deps }: AppDeps) {
  const app = new Hono();
  const upscale = createUpscaler({ metrics, pixelWorkers, now });
  const receive = createReception(BODIES * limits.sourceBytes);

  app.use(requestId());
  // Without Cache-Control a cache may keep a 200 (RFC 9111 §4.2.2).
  app.use(async (c, next) => {
    await next();
    c.header("Cache-Control", "no-store");
  });
  app.use("/v1/upscale", async (c, next) => {
    const started = now();
    metrics.running.inc();
    await next();
    metrics.running.dec();
    metrics.requests.observe({ status: c.res.status }, (now() - started) / 1000);
  });

  app.get("/healthz", (c) => {
    // Nobody waits for a batch after the deadline. A thread that is still at a picture after twice that time is in a codec,
    // which nothing can stop. Against that, as against repeated failures, only a new process helps.
    const { batcher, pictures } = deps.running() ?? {};
    const isStuck =
      (batcher?.oldestBatchMs ?? 0) > limits.deadlineMs || (pictures?.oldestMs ?? 0) > 2 * limits.deadlineMs;
    const status = batcher?.isFailing ? "failing" : isStuck ? "stuck" : "ok";
    return c.json({ status }, status === "ok" ? 200 : 503);
  });

  app.get("/readyz", (c) => {
    const running = deps.running();
    const tiles = running?.batcher.tiles ?? 0;
    const isWorking = running !== undefined && !running.batcher.isFailing;
    // A full queue still counts as ready: if all origins were full, none would be left to say so with a Retry-After.
    const isReady = isWorking && !deps.isDraining();
    const queue = { tiles, limit: deps.queueTiles, backlogMs: Math.round(running?.batcher.backlogMs ?? 0) };
    return c.json({ ready: isReady, provider: running?.engine.provider ?? null, queue }, isReady ? 200 : 503);
  });

  app.get("/metrics", async (c) =>
    c.text(await metrics.registry.metrics(), 200, { "Content-Type": metrics.registry.contentType }),
  );

  app.post("/v1/upscale", async (c) => {
    const startedMs = now();
    const { headers, signal: client } = c.req.raw;
    const digest = await verifySignature(c.req.raw, { keyring, nowSeconds: deps.date() / 1000 });
    const transform = parseTransform(new URL(c.req.url).search.slice(1));
    const ms = Math.min(limits.deadlineMs, parseDeadline(headers.get("X-SSIU-Deadline-Ms")) ?? limits.deadlineMs);
    const running = deps.running();
    if (running === undefined) {
      const retryAfterSeconds = LOADING_SECONDS;
      throw new ServiceError("overloaded", "Expected the models to be loaded; try again later", { retryAfterSeconds });
    }

    const deadline = createDeadline(ms, startedMs, client);
    try {
      const bytes = await receive(bodyLength(headers, limits.sourceBytes), async () => {
        const body = await deadline.race(readSource(c.req.raw, limits.sourceBytes));
        await verifyBody(body, digest);
        return body;
      });
      const source = inspect(bytes, transform, { limits, findModel });
      const picture = await upscale(running, source, deadline);
      return c.body(picture.data, 200, {
        "Content-Type": mediaType(source.plan.format),
        "Content-Length": `${picture.data.length}`,
        "Content-Digest": await contentDigest(picture.data),
        "Server-Timing": picture.serverTiming,
        "X-SSIU-Engine": "origin",
        "X-SSIU-Model": picture.model,
        "X-SSIU-Pipeline": `${PIPELINE_VERSION}`,
        "X-SSIU-Provider": running.engine.provider,
        "X-SSIU-Source-Size": `${source.probe.width}x${source.probe.height}`,
      });
    } finally {
      deadline.clear();
    }
  });

  for (const path of ["/healthz", "/readyz", "/metrics"]) app.all(path, allow("GET, HEAD"));
  app.all("/v1/upscale", allow("POST"));
  app.notFound(() => {
    throw new ServiceError("not_found", "Expected /v1/upscale, /healthz, /readyz or /metrics for path");
  });
  app.onError((cause, c) => {
    const error = asServiceError(cause);
    metrics.errors.inc({ code: error.code });
    logError(c.get("requestId"), error);
    return problem(error, c.get("requestId"));
  });
  return app;
}
