import { waitUntil } from "cloudflare:workers";
import manifest from "../../models/manifest.json";
import { createCodecs } from "../codecs/jsquash.ts";
import { type FindModel, parseManifest } from "../engine/models.ts";
import type { Renderer } from "../service/render.ts";
import { createAuthorize } from "./access.ts";
import { createApp } from "./app.ts";
import { CODEC_MODULES } from "./codec-modules.ts";
import { parseConfig } from "./config.ts";
import { parseJobConfig } from "./jobs/config.ts";
import { createConsumer } from "./jobs/consumer.ts";
import { jobLists } from "./jobs/job-lists.ts";
import type { JobObject } from "./jobs/job-object.ts";
import { createJobRoutes } from "./jobs/routes.ts";
import { parseUploadRules } from "./jobs/upload-rules.ts";
import { bucketVersions, lastKnown } from "./last-known.ts";
import type { Lease } from "./lease.ts";
import { durableLeases } from "./leases.ts";
import { createMemory } from "./memory.ts";
import { nearResults } from "./near-results.ts";
import { createOriginClient } from "./origin-client.ts";
import { parseOriginConfig } from "./origin-config.ts";
import { pieces } from "./pieces.ts";
import { createPipeline } from "./pipeline.ts";
import { createProduceOnce } from "./produce.ts";
import { rateLimiter } from "./rate-limit.ts";
import { allowedOnly, remoteSource } from "./remote-source.ts";
import { bucketResults } from "./results.ts";
import { assetSource, bucketSource, firstOf } from "./sources.ts";
import { createTurnstile } from "./turnstile.ts";

export interface Env {
  readonly SOURCES: R2Bucket;
  readonly RESULTS: R2Bucket;
  readonly ASSETS: Fetcher;
  readonly ORIGIN_URL?: string;
  readonly LEASES: DurableObjectNamespace<Lease>;
  readonly REQUEST_LIMIT?: RateLimit;
  readonly MISS_LIMIT?: RateLimit;
  readonly JOBS: DurableObjectNamespace<JobObject>;
  readonly JOB_QUEUE: Queue;
  readonly UPLOAD_QUEUE: Queue;
  readonly UPLOAD_RULES?: string;
}

/** The engine of one deployment, and the tiles it works best with. */
type CreateEngine = (find: FindModel, env: Env) => Pick<Renderer, "engine" | "tiling">;

/** The Worker around an engine. This file only puts the parts together. */
export function createWorker(createEngine: CreateEngine): ExportedHandler<Env> {
  let handlers: ReturnType<typeof createHandlers> | undefined;
  let site: string | undefined;
  const start = (env: Env) => createHandlers(env, createEngine, () => site);
  return {
    fetch(request, env, context) {
      site = new URL(request.url).origin;
      handlers ??= start(env);
      return handlers.app.fetch(request, env, context);
    },
    queue(batch, env) {
      handlers ??= start(env);
      return handlers.consume(batch);
    },
  };
}

/** Memory for the AVIF decoder. Photographs of MAX_AVIF_PIXELS take 19 to 29 MB, lossless noise 142. */
const AVIF_BYTES = 48 * 2 ** 20;

/** @param site - `https://` and the host of the last request */
function createHandlers(env: Env, createEngine: CreateEngine, site: () => string | undefined) {
  const findModel = parseManifest(manifest);
  const config = parseConfig(env);
  const { limits, remote, signing, lease, cacheControl } = config;
  const renderer = { codecs: createCodecs(CODEC_MODULES, { avifBytes: AVIF_BYTES }), ...createEngine(findModel, env) };
  const openSource = firstOf(
    allowedOnly(
      remote.allowed,
      lastKnown(
        remoteSource({ fetch: (url, init) => fetch(url, init), pieces, maxBytes: limits.sourceBytes, ...remote }),
        bucketVersions(env.RESULTS),
        Date.now,
      ),
    ),
    bucketSource(env.SOURCES),
    assetSource(env.ASSETS, "samples/"),
  );
  const results = nearResults(bucketResults(env.RESULTS), { cache: caches.default, waitUntil, site });
  const waiting = { now: Date.now, sleep: (ms: number) => scheduler.wait(ms), waitMs: lease.waitMs };
  const originConfig = parseOriginConfig(env);
  const pipeline = createPipeline({
    ...{ limits, openSource, renderer, findModel },
    turnstile: createTurnstile(waiting),
    memory: createMemory({ sourceBytes: limits.sourceBytes, resultBytes: originConfig?.resultBytes ?? 0, ...waiting }),
    origin:
      originConfig && createOriginClient(originConfig, { fetch: (...request) => fetch(...request), now: Date.now }),
  });
  const produceOnce = createProduceOnce({ pipeline, results, leases: durableLeases(env.LEASES, lease) });
  const jobs = { config: parseJobConfig(env), jobs: env.JOBS };
  const uploadRules = parseUploadRules(env.UPLOAD_RULES, config.presets, jobs.config);
  const now = () => performance.now();
  return {
    app: createApp({
      ...{ config, results, pipeline, produceOnce, now },
      engine: renderer.engine.name,
      authorize: createAuthorize({ signing, cacheControl, clock: Date.now }),
      rates: { requests: rateLimiter(env.REQUEST_LIMIT), misses: rateLimiter(env.MISS_LIMIT) },
      v1: createJobRoutes({
        ...jobs,
        presets: config.presets,
        allowed: remote.allowed,
        lists: jobLists(env.RESULTS),
        uploads: env.UPLOAD_QUEUE,
      }),
    }),
    consume: createConsumer({ ...jobs, uploadRules, pipeline, produceOnce, urlLength: limits.urlLength, now }),
  };
}
