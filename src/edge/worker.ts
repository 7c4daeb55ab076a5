import manifest from "../../models/manifest.json";
import { createCodecs } from "../codecs/jsquash.ts";
import { parseKeyring } from "../core/keyring.ts";
import { type FindModel, parseManifest } from "../engine/models.ts";
import type { Renderer } from "../service/render.ts";
import { createAuthorize } from "./access.ts";
import { createApp } from "./app.ts";
import { CODEC_MODULES } from "./codec-modules.ts";
import { parseConfig } from "./config.ts";
import type { Lease } from "./lease.ts";
import { durableLeases } from "./leases.ts";
import { createOriginClient, type Origin } from "./origin-client.ts";
import { parseOriginConfig } from "./origin-config.ts";
import { rateLimiter } from "./rate-limit.ts";
import { remoteSource } from "./remote-source.ts";
import { bucketResults } from "./results.ts";
import { assetSource, bucketSource, firstOf } from "./sources.ts";

export interface Env {
  readonly SOURCES: R2Bucket;
  readonly RESULTS: R2Bucket;
  readonly ASSETS: Fetcher;
  readonly ORIGIN_URL?: string;
  readonly LEASES: DurableObjectNamespace<Lease>;
  readonly REQUEST_LIMIT?: RateLimit;
  readonly MISS_LIMIT?: RateLimit;
}

/** The engine of one deployment, and the tiles it works best with. */
type CreateEngine = (env: Env, model: FindModel) => Pick<Renderer, "engine" | "tiling">;

/** The Worker around an engine: nothing here but what belongs together. */
export function createWorker(createEngine: CreateEngine): ExportedHandler<Env> {
  const model = parseManifest(manifest);
  let app: ReturnType<typeof createApp> | undefined;
  return {
    async fetch(request, env, context) {
      const config = parseConfig(env);
      const { remote, signing, lease, cacheControl, limits } = config;
      const keys = app || signing.keys === undefined ? undefined : await parseKeyring(signing.keys);
      app ??= createApp({
        config,
        origin: createOrigin(env),
        openSource: firstOf(
          remoteSource({ fetch: (url, init) => fetch(url, init), maxBytes: limits.sourceBytes, ...remote }),
          bucketSource(env.SOURCES),
          assetSource(env.ASSETS, "samples/"),
        ),
        results: bucketResults(env.RESULTS),
        renderer: { codecs: createCodecs(CODEC_MODULES), ...createEngine(env, model) },
        model,
        authorize: createAuthorize({ mode: signing.mode, keys, cacheControl, clock: Date.now }),
        leases: durableLeases(env.LEASES, lease),
        rates: { requests: rateLimiter(env.REQUEST_LIMIT), misses: rateLimiter(env.MISS_LIMIT) },
        now: () => performance.now(),
      });
      return app.fetch(request, env, context);
    },
  };
}

function createOrigin(env: Env): Origin | undefined {
  const config = parseOriginConfig(env);
  return config && createOriginClient(config, { fetch: (...request) => fetch(...request), now: () => Date.now() });
}
