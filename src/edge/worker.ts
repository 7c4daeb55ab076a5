import manifest from "../../models/manifest.json";
import { createCodecs } from "../codecs/jsquash.ts";
import { type FindModel, parseManifest } from "../engine/models.ts";
import { createApp } from "./app.ts";
import { CODEC_MODULES } from "./codec-modules.ts";
import { parseConfig } from "./config.ts";
import { createOriginClient, type Origin } from "./origin-client.ts";
import { parseOriginConfig } from "./origin-config.ts";
import type { Renderer } from "./render.ts";
import { bucketResults } from "./results.ts";
import { assetSource, bucketSource, firstOf } from "./sources.ts";

export interface Env {
  readonly SOURCES: R2Bucket;
  readonly RESULTS: R2Bucket;
  readonly ASSETS: Fetcher;
  readonly ORIGIN_URL?: string;
}

/** The engine of one deployment, and the tiles it works best with. */
type CreateEngine = (env: Env, model: FindModel) => Pick<Renderer, "engine" | "tiling">;

/** The Worker around an engine: nothing here but what belongs together. */
export function createWorker(createEngine: CreateEngine): ExportedHandler<Env> {
  const model = parseManifest(manifest);
  let app: ReturnType<typeof createApp> | undefined;
  return {
    fetch(request, env, context) {
      app ??= createApp({
        config: parseConfig(env),
        origin: createOrigin(env),
        openSource: firstOf(bucketSource(env.SOURCES), assetSource(env.ASSETS, "samples/")),
        results: bucketResults(env.RESULTS),
        renderer: { codecs: createCodecs(CODEC_MODULES), ...createEngine(env, model) },
        model,
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
