import { ServiceError } from "../core/errors.ts";
import type { ImagePath } from "../core/image-path.ts";
import { probe } from "../core/probe/probe.ts";
import type { Probe } from "../core/probe/probe-result.ts";
import { type ResultKey, resultKey } from "../core/result-key.ts";
import type { Transform } from "../core/transform.ts";
import type { FindModel } from "../engine/models.ts";
import type { Limits } from "./config.ts";
import { candidateModels, modelsId } from "./model-choice.ts";
import { type Renderer, render } from "./render.ts";
import { planRender, type RenderPlan } from "./render-plan.ts";
import type { ResultFacts } from "./results.ts";
import type { OpenSource, Source } from "./sources.ts";
import type { Stopwatch } from "./stopwatch.ts";

export interface PipelineDeps {
  readonly limits: Limits;
  readonly openSource: OpenSource;
  readonly renderer: Renderer;
  readonly model: FindModel;
}

/** What was asked for, with the name of its result; nothing has been read yet. */
interface Located {
  readonly transform: Transform;
  readonly source: Source;
  readonly key: ResultKey;
}

/** The source's bytes, their header within the limits, and what is known of the result from them. */
export interface Inspected {
  readonly transform: Transform;
  readonly bytes: Uint8Array;
  readonly probe: Probe;
  readonly plan: RenderPlan;
  readonly facts: ResultFacts;
}

/** The steps from a parsed path to a result's bytes, the same for a request and for a job; each may take the last's answer. */
export interface Pipeline {
  /** @throws {ServiceError} `source_not_found`, `invalid_transform` where a model is asked for that there is none of */
  locate(path: ImagePath, stopwatch: Stopwatch): Promise<Located>;
  /** @throws {ServiceError} what the limits, the probe and the source refuse */
  inspect(located: Located, stopwatch: Stopwatch): Promise<Inspected>;
  render(inspected: Inspected, stopwatch: Stopwatch): Promise<Uint8Array>;
}

export function createPipeline({ limits, openSource, renderer, model }: PipelineDeps): Pipeline {
  const engine = renderer.engine.name;
  return {
    async locate({ transform, source: name }, stopwatch) {
      const id = await modelsId(candidateModels(model, transform));
      const source = await stopwatch.time("source", openSource(name));
      if (source === undefined) throw new ServiceError("source_not_found", "There is no such source");
      const key = await resultKey({ model: id, engine, transform, source: name, version: source.version });
      return { transform, source, key };
    },

    async inspect({ transform, source }, stopwatch) {
      const bytes = await stopwatch.time("read", source.read(limits.sourceBytes));
      const probed = probe(bytes);
      const plan = planRender(probed, transform, { limits, model });
      const facts = {
        format: plan.format,
        engine,
        model: plan.model?.id ?? "none",
        sourceWidth: probed.width,
        sourceHeight: probed.height,
      };
      return { transform, bytes, probe: probed, plan, facts };
    },

    render: (inspected, stopwatch) => render(renderer, inspected, stopwatch),
  };
}
