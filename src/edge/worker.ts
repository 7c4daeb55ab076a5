import manifest from "../../models/manifest.json";
import { createCodecs } from "../codecs/jsquash.ts";
import type { Scale } from "../core/image.ts";
import { type Model, parseManifest } from "../engine/models.ts";
import { createApp } from "./app.ts";
import { CODEC_MODULES } from "./codec-modules.ts";
import { parseConfig } from "./config.ts";
import { parseJobConfig } from "./jobs/config.ts";
import { createConsumer } from "./jobs/consumer.ts";
import { deadJobs } from "./jobs/dead-jobs.ts";
import type { JobObject } from "./jobs/job-object.ts";
import { createJobRoutes } from "./jobs/routes.ts";
import { createPipeline } from "./pipeline.ts";
import type { Renderer } from "./render.ts";
import { bucketResults } from "./results.ts";
import { assetSource, bucketSource, firstOf } from "./sources.ts";

export interface Env {
  readonly SOURCES: R2Bucket;
  readonly RESULTS: R2Bucket;
  readonly ASSETS: Fetcher;
  readonly JOBS: DurableObjectNamespace<JobObject>;
  readonly JOB_QUEUE: Queue;
  readonly UPLOAD_QUEUE: Queue;
}

/** The engine of one deployment, and the tiles it works best with. */
type CreateEngine = (env: Env, model: (scale: Scale) => Model) => Pick<Renderer, "engine" | "tiling">;

/** The Worker around an engine: nothing here but what belongs together. */
export function createWorker(createEngine: CreateEngine): ExportedHandler<Env> {
  let handlers: ReturnType<typeof createHandlers> | undefined;
  return {
    fetch(request, env, context) {
      handlers ??= createHandlers(env, createEngine);
      return handlers.app.fetch(request, env, context);
    },
    queue(batch, env) {
      handlers ??= createHandlers(env, createEngine);
      return handlers.consume(batch);
    },
  };
}

function createHandlers(env: Env, createEngine: CreateEngine) {
  const model = parseManifest(manifest);
  const deps = {
    config: parseConfig(env),
    openSource: firstOf(bucketSource(env.SOURCES), assetSource(env.ASSETS, "samples/")),
    results: bucketResults(env.RESULTS),
    renderer: { codecs: createCodecs(CODEC_MODULES), ...createEngine(env, model) },
    model,
    now: () => performance.now(),
  };
  const jobs = { config: parseJobConfig(env), jobs: env.JOBS };
  const pipeline = createPipeline({ ...deps, limits: deps.config.limits });
  return {
    app: createApp({
      ...deps,
      v1: createJobRoutes({ ...jobs, dead: deadJobs(env.RESULTS), uploads: env.UPLOAD_QUEUE }),
    }),
    consume: createConsumer({ ...deps, ...jobs, pipeline }),
  };
}
