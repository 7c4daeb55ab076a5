import { probe } from "../core/probe/probe.ts";
import { networkPixels, planTiles, type Tiling } from "../core/tiles.ts";
import type { Transform } from "../core/transform.ts";
import type { PlannedSource } from "../service/render.ts";
import { type PlanOptions, planForSharp, type RenderPlan } from "../service/render-plan.ts";
import type { Batcher, Demand } from "./batcher.ts";
import { busy } from "./busy.ts";
import type { Deadline } from "./deadline.ts";
import type { EnginePool } from "./engine-pool.ts";
import { createMean, DOUBT } from "./mean.ts";
import type { Metrics } from "./metrics.ts";
import type { Pictures } from "./pictures.ts";

/** What makes pictures, once it has started. */
export interface Running {
  readonly engine: Pick<EnginePool, "provider" | "tiling">;
  readonly batcher: Batcher;
  readonly pictures: Pictures;
}

/** From this many pixels of the result on, encoding time is proportional to them; below, constant costs show. */
const MANY_PIXELS = 2 ** 18;

/** @throws {ServiceError} what the probe and the limits refuse. */
export function inspect(bytes: Uint8Array, transform: Transform, options: PlanOptions): PlannedSource {
  const probed = probe(bytes);
  return { bytes, probe: probed, transform, plan: planForSharp(probed, transform, options) };
}

interface UpscalerOptions {
  readonly metrics: Pick<Metrics, "steps">;
  /** Threads that encode, one picture at a time each. */
  readonly pixelWorkers: number;
  /** Milliseconds, on the batcher's clock. */
  readonly now: () => number;
}

/** Admits sources if there is time for them, and makes their results. */
export function createUpscaler({ metrics: { steps }, pixelWorkers, now }: UpscalerOptions) {
  // Milliseconds to encode a pixel of the result: first a guess, then measured.
  const encodeMs = { png: createMean(6e-4), jpeg: createMean(3e-4), webp: createMean(4e-4), avif: createMean(3e-3) };
  /** Estimated time to encode all admitted pictures. A fast network is done before that, and their pixels wait in memory. */
  let encodingMs = 0;
  let inside = 0;

  /** @throws {ServiceError} `overloaded`, `deadline_exceeded`, or what the codecs and the network throw. */
  return async ({ engine, batcher, pictures }: Running, source: PlannedSource, deadline: Deadline) => {
    const { format, canvas } = source.plan;
    const outputPixels = canvas.width * canvas.height;
    const ownMs = encodeMs[format].value * outputPixels;
    const dueMs = deadline.dueMs - ownMs;
    const waitMs = encodingMs / pixelWorkers;
    if (waitMs > 0 && now() + waitMs > dueMs)
      throw busy(waitMs, `Encoding those that are in takes ${Math.round(waitMs)} ms`);
    // Nobody else is in, but by the estimate encoding alone would take too long.
    if (dueMs <= now()) encodeMs[format].doubt(1 / DOUBT);
    const ticket = batcher.admit({ ...demand(source.plan, engine.tiling), dueMs });
    encodingMs += ownMs;
    inside++;
    const close = () => ticket.close(deadline.signal.reason);
    deadline.signal.addEventListener("abort", close, { once: true });
    try {
      const picture = await pictures.render({ ...source, deadline, ticket });
      if (outputPixels >= MANY_PIXELS) encodeMs[format].add((picture.steps.encode ?? 0) / outputPixels);
      for (const [step, ms] of Object.entries(picture.steps)) steps.observe({ step }, ms / 1000);
      return picture;
    } finally {
      // Rounding errors left in the sum would otherwise refuse pictures when nobody is in.
      encodingMs = --inside === 0 ? 0 : encodingMs - ownMs;
      ticket.close();
    }
  };
}

function demand({ scale, region }: RenderPlan, tiling: Tiling): Omit<Demand, "dueMs"> {
  const tiles = scale === 1 ? [] : planTiles(region, tiling);
  const sizes = tiles.map(({ x, y }) => ({ width: x.to - x.from, height: y.to - y.from }));
  const pixels = sizes.reduce((sum, size) => sum + networkPixels(size), 0);
  return { tiles: tiles.length, pixels };
}
