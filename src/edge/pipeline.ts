import { ServiceError } from "../core/errors.ts";
import type { Scale } from "../core/image.ts";
import type { ImagePath } from "../core/image-path.ts";
import { probe } from "../core/probe/probe.ts";
import type { Probe } from "../core/probe/probe-result.ts";
import { type ResultKey, resultKey } from "../core/result-key.ts";
import type { Transform } from "../core/transform.ts";
import type { Model } from "../engine/models.ts";
import type { Limits } from "./config.ts";
import type { Origin } from "./origin-client.ts";
import { choosePlace, engineConfiguration, ORIGIN_ENGINE } from "./place.ts";
import { type Renderer, render, resultFormat } from "./render.ts";
import type { ResultFacts } from "./results.ts";
import type { OpenSource, Source } from "./sources.ts";
import type { Stopwatch } from "./stopwatch.ts";

export interface PipelineDeps {
  readonly limits: Limits;
  readonly openSource: OpenSource;
  readonly renderer: Renderer;
  readonly model: (scale: Scale) => Model;
  /** Computes what is too large for the isolate, or not for its codecs; refused where it is absent. */
  readonly origin?: Origin | undefined;
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
export interface Inspected {
  readonly transform: Transform;
  /** Id of the model that makes the result. */
  readonly model: string;
  readonly bytes: Uint8Array;
  readonly probe: Probe;
  /** `engine` says where the result is made. */
  readonly facts: ResultFacts;
  /** Where anyone may see the source. */
  readonly publicUrl: string | undefined;
}

/** The steps from a parsed path to a result's bytes, the same for a request and for a job; each may take the last's answer. */
export interface Pipeline {
  /** @throws {ServiceError} `source_not_found` */
  locate(path: ImagePath, stopwatch: Stopwatch): Promise<Located>;
  /** @throws {ServiceError} what the limits, the probe and the source refuse */
  inspect(located: Located, stopwatch: Stopwatch): Promise<Inspected>;
  /** @param requestId - under which the origin logs it. */
  render(inspected: Inspected, stopwatch: Stopwatch, requestId?: string): Promise<Uint8Array>;
}

export function createPipeline({ limits, openSource, renderer, model, origin }: PipelineDeps): Pipeline {
  const placeLimits = { limits, origin: origin?.limits };
  const engine = engineConfiguration(renderer.engine.name, placeLimits);
  return {
    async locate({ transform, source: name }, stopwatch) {
      const source = await stopwatch.time("source", openSource(name));
      if (source === undefined) throw new ServiceError("source_not_found", "There is no such source");
      const { id } = model(transform.scale);
      const key = await resultKey({ model: id, engine, transform, source: name, version: source.version });
      return { transform, source, model: id, key };
    },

    async inspect({ transform, source, model }, stopwatch) {
      const bytes = await stopwatch.time("read", source.read(limits.sourceBytes));
      const probed = probe(bytes);
      const place = choosePlace(probed, transform, placeLimits);
      const { width: sourceWidth, height: sourceHeight } = probed;
      const madeBy = place === "origin" ? ORIGIN_ENGINE : renderer.engine.name;
      const facts = { format: resultFormat(probed, transform), engine: madeBy, sourceWidth, sourceHeight };
      return { transform, model, bytes, probe: probed, facts, publicUrl: source.publicUrl };
    },

    render(inspected, stopwatch, requestId = crypto.randomUUID()) {
      const { format, engine: madeBy } = inspected.facts;
      if (origin === undefined || madeBy !== ORIGIN_ENGINE) return render(renderer, inspected, stopwatch);
      return stopwatch.time("origin", origin.upscale({ ...inspected, format }, requestId));
    },
  };
}
