import manifest from "../../models/manifest.json";
import { createCodecs } from "../codecs/jsquash.ts";
import { parseManifest } from "../engine/models.ts";
import { EDGE_TILING } from "../engine/ort-engine.ts";
import { createApp } from "./app.ts";
import { CODEC_MODULES } from "./codec-modules.ts";
import { parseConfig } from "./config.ts";
import { createEdgeOrtEngine } from "./ort.ts";
import { bucketResults } from "./results.ts";
import { assetSource, bucketSource, firstOf } from "./sources.ts";

interface Env {
  readonly SOURCES: R2Bucket;
  readonly RESULTS: R2Bucket;
  readonly ASSETS: Fetcher;
}

let app: ReturnType<typeof createApp> | undefined;

export default {
  fetch(request, env, context) {
    const model = parseManifest(manifest);
    app ??= createApp({
      config: parseConfig(env),
      openSource: firstOf(bucketSource(env.SOURCES), assetSource(env.ASSETS, "samples/")),
      results: bucketResults(env.RESULTS),
      renderer: {
        codecs: createCodecs(CODEC_MODULES),
        engine: createEdgeOrtEngine(env.ASSETS, model),
        tiling: EDGE_TILING,
      },
      model,
      now: () => performance.now(),
    });
    return app.fetch(request, env, context);
  },
} satisfies ExportedHandler<Env>;
