import { ServiceError } from "../core/errors.ts";
import type { Scale } from "../core/image.ts";
import type { ImagePath } from "../core/image-path.ts";
import { probe } from "../core/probe/probe.ts";
import type { Probe } from "../core/probe/probe-result.ts";
import { type ResultKey, resultKey } from "../core/result-key.ts";
import type { Transform } from "../core/transform.ts";
import type { Model } from "../engine/models.ts";
import { checkLimits, type Renderer, render, resultFormat } from "../service/render.ts";
import type { Stopwatch } from "../service/stopwatch.ts";
import type { Limits } from "./config.ts";
import type { ResultFacts } from "./results.ts";
import type { OpenSource, Source } from "./sources.ts";

export interface PipelineDeps {
  readonly limits: Limits;
  readonly openSource: OpenSource;
  readonly renderer: Renderer;
  readonly model: (scale: Scale) => Model;
}

/** What was asked for, with the name of its result; nothing has been read yet. */
interface Located {
  readonly transform: Transform;
  readonly source: Source;
  /** Id of the model that makes the result. */
  readonly model: string;
  readonly key: ResultKey;
}

/** The source's bytes, their header within the limits, and what is known of the result from them. */
interface Inspected {
  readonly transform: Transform;
  readonly bytes: Uint8Array;
  readonly probe: Probe;
  readonly facts: ResultFacts;
}

/** The steps from a parsed path to a result's bytes, the same for a request and for a job; each may take the last's answer. */
export interface Pipeline {
  /** @throws {ServiceError} `source_not_found` */
  locate(path: ImagePath, stopwatch: Stopwatch): Promise<Located>;
  /** @throws {ServiceError} what the limits, the probe and the source refuse */
  inspect(located: Located, stopwatch: Stopwatch): Promise<Inspected>;
  render(inspected: Inspected, stopwatch: Stopwatch): Promise<Uint8Array>;
}

export function createPipeline({ limits, openSource, renderer, model }: PipelineDeps): Pipeline {
  const engine = renderer.engine.name;
  return {
    async locate({ transform, source: name }, stopwatch) {
      const source = await stopwatch.time("source", openSource(name));
      if (source === undefined) throw new ServiceError("source_not_found", "There is no such source");
      const { id } = model(transform.scale);
      const key = await resultKey({ model: id, engine, transform, source: name, version: source.version });
      return { transform, source, model: id, key };
    },

    async inspect({ transform, source }, stopwatch) {
      const bytes = await stopwatch.time("read", source.read(limits.sourceBytes));
      const probed = probe(bytes);
      checkLimits(probed, transform, limits);
      const { width: sourceWidth, height: sourceHeight } = probed;
      const facts = { format: resultFormat(probed, transform), engine, sourceWidth, sourceHeight };
      return { transform, bytes, probe: probed, facts };
    },

    render: (inspected, stopwatch) => render(renderer, inspected, stopwatch),
  };
}
