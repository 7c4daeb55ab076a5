import { ServiceError } from "../core/errors.ts";
import type { ImagePath } from "../core/image-path.ts";
import { probe } from "../core/probe/probe.ts";
import { LANCZOS3, resize } from "../core/resample.ts";
import { type ResultKey, resultKey } from "../core/result-key.ts";
import type { Transform } from "../core/transform.ts";
import type { Engine } from "../engine/engine.ts";
import type { FindModel } from "../engine/models.ts";
import { candidateModels, modelsId, possibleIds } from "../service/model-choice.ts";
import { type PlannedSource, type Rendered, type Renderer, render } from "../service/render.ts";
import type { Stopwatch } from "../service/stopwatch.ts";
import type { Limits } from "./config.ts";
import type { Holding, Memory } from "./memory.ts";
import type { Origin } from "./origin-client.ts";
import { choosePlace, engineConfiguration, ORIGIN_ENGINE, type Place, planIfFits } from "./place.ts";
import type { KnownFacts, Result } from "./results.ts";
import type { OpenSource, Source } from "./sources.ts";
import type { Turnstile } from "./turnstile.ts";

export interface PipelineDeps {
  readonly limits: Limits;
  readonly openSource: OpenSource;
  readonly renderer: Renderer;
  readonly findModel: FindModel;
  readonly turnstile: Turnstile;
  readonly memory: Memory;
  /** Computes what is too large for the isolate or unsupported by its codecs; without an origin, that is refused. */
  readonly origin?: Origin | undefined;
}

/** A requested result, its key, and its source, whose bytes need not have been read yet. Dispose of it after the request. */
export interface Located extends Disposable {
  readonly transform: Transform;
  readonly source: Source;
  readonly key: ResultKey;
  readonly holding: Holding;
}

/** The source's bytes, and the facts about the result that their header determines. */
export interface Inspected extends PlannedSource {
  readonly place: Place;
  readonly holding: Holding;
  /** Without `model` if the pixels decide on it. */
  readonly facts: KnownFacts;
}

/** How one picture is rendered. */
export interface RenderOptions {
  readonly stopwatch: Stopwatch;
  /** Id under which an origin logs it. */
  readonly requestId: string;
  /** Longest wait for a turn in the isolate, in milliseconds; given for jobs, which no client waits for. */
  readonly waitMs?: number | undefined;
}

/** The steps from a parsed path to a result's bytes, the same for requests and jobs; each takes the previous one's answer. */
export interface Pipeline {
  /** @throws {ServiceError} `source_not_found` */
  locate(path: ImagePath, stopwatch: Stopwatch): Promise<Located>;
  /** @throws {ServiceError} what the limits, the probe and the source refuse */
  inspect(located: Located, stopwatch: Stopwatch): Promise<Inspected>;
  render(inspected: Inspected, options: RenderOptions): Promise<Rendered>;
  /** The same picture by interpolation, which costs little; undefined if it does not fit into the isolate. */
  interpolate(inspected: Inspected, stopwatch: Stopwatch): Promise<Result | undefined>;
}

/** Interpolation in place of the network. A tile's halo of 8 px is wider than the kernel's 3, so there are no seams. */
const LANCZOS: Engine = {
  name: "lanczos",
  upscale: async (tile, { scale }) =>
    resize(tile, { width: scale * tile.width, height: scale * tile.height, kernel: LANCZOS3 }),
};

export function createPipeline({
  limits,
  openSource,
  renderer,
  findModel,
  turnstile,
  memory,
  origin,
}: PipelineDeps): Pipeline {
  const placeLimits = { limits, origin: origin?.limits };
  return {
    async locate({ transform, source: name }, stopwatch) {
      const id = await modelsId(candidateModels(findModel, transform));
      const holding = memory.open();
      try {
        const source = await stopwatch.time("source", openSource(name, holding.source));
        if (source === undefined)
          throw new ServiceError("source_not_found", `There is no source ${JSON.stringify(name)}`);
        const engine = engineConfiguration(renderer.engine.name, placeLimits, transform);
        const key = await resultKey({ model: id, engine, transform, source: name, version: source.version });
        const dispose = () => {
          source.close?.();
          holding.release();
        };
        return { transform, source, key, holding, [Symbol.dispose]: dispose };
      } catch (cause) {
        holding.release();
        throw cause;
      }
    },

    async inspect({ transform, source, holding }, stopwatch) {
      const bytes = await stopwatch.time("read", source.read(limits.sourceBytes));
      const probed = probe(bytes);
      const { place, plan } = choosePlace(probed, transform, { ...placeLimits, findModel });
      const ids = possibleIds(plan.models);
      const facts = {
        format: plan.format,
        engine: place === "origin" ? ORIGIN_ENGINE : renderer.engine.name,
        model: ids.length === 1 ? ids[0] : undefined,
        sourceWidth: probed.width,
        sourceHeight: probed.height,
      };
      return { place, holding, transform, bytes, probe: probed, plan, facts };
    },

    render(inspected, { stopwatch, requestId, waitMs }) {
      if (origin === undefined || inspected.place === "edge") {
        return turnstile.run((pause) => render({ ...renderer, pause }, inspected, stopwatch), waitMs);
      }
      return stopwatch.time("origin", origin.upscale(inspected, requestId));
    },

    async interpolate(inspected, stopwatch) {
      const fitting = planIfFits(inspected.probe, inspected.transform, { limits, findModel });
      if (fitting === undefined) return undefined;
      const plan = { ...fitting, models: undefined };
      const { bytes, model: none } = await turnstile.run((pause) =>
        render({ ...renderer, engine: LANCZOS, pause }, { ...inspected, plan }, stopwatch),
      );
      const facts = { ...inspected.facts, format: plan.format, engine: LANCZOS.name, model: none };
      return { facts, bytes: bytes.length, body: bytes };
    },
  };
}
