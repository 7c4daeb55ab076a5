import { workerData } from "piscina";
import type { Rgb } from "../core/image.ts";
import type { Network } from "../engine/engine.ts";
import { ENGINES, readModel } from "../engine/node-engines.ts";
import type { Provider } from "./config.ts";
import { moving } from "./moving.ts";
import { engineTiles, ortTiles, type RunTiles } from "./tiles.ts";

/** One run of the network. */
export interface TileBatch {
  readonly network: Network;
  /** All of one size. */
  readonly tiles: readonly Rgb[];
}

// Set by engine-pool.ts.
const { provider } = workerData as { readonly provider: Provider };
let tiles: Promise<RunTiles> | undefined;

/**
 * Runs the network in a thread of its own: `InferenceSession.run` of onnxruntime-node returns a promise, but computes on
 * the thread that called it.
 */
export async function runBatch(batch: TileBatch): Promise<Rgb[]> {
  tiles ??= load();
  const run = await tiles;
  const upscaled = await run(batch.tiles, batch.network);
  return moving(upscaled, upscaled);
}

async function load(): Promise<RunTiles> {
  if (provider === "simd") return engineTiles((await ENGINES.simd()).engine);
  const ort = await import("onnxruntime-node");
  const cpu = { intraOpNumThreads: 1, interOpNumThreads: 1, enableCpuMemArena: true };
  return ortTiles(ort, {
    loadModel: (network) => readModel("onnx", network),
    session: { executionProviders: [provider], logSeverityLevel: 4, ...(provider === "cpu" && cpu) },
  });
}
