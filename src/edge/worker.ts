import manifest from "../../models/manifest.json";
import { createCodecs } from "../codecs/jsquash.ts";
import type { Scale } from "../core/image.ts";
import { type Model, parseManifest } from "../engine/models.ts";
import type { Renderer } from "../service/render.ts";
import { createApp } from "./app.ts";
import { CODEC_MODULES } from "./codec-modules.ts";
import { parseConfig } from "./config.ts";
import { bucketResults } from "./results.ts";
import { assetSource, bucketSource, firstOf } from "./sources.ts";

export interface Env {
  readonly SOURCES: R2Bucket;
  readonly RESULTS: R2Bucket;
  readonly ASSETS: Fetcher;
}

/** The engine of one deployment, and the tiles it works best with. */
type CreateEngine = (env: Env, model: (scale: Scale) => Model) => Pick<Renderer, "engine" | "tiling">;

/** The Worker around an engine: nothing here but what belongs together. */
export function createWorker(createEngine: CreateEngine): ExportedHandler<Env> {
  const model = parseManifest(manifest);
  let app: ReturnType<typeof createApp> | undefined;
  return {
    fetch(request, env, context) {
      app ??= createApp({
        config: parseConfig(env),
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
