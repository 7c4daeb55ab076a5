import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import type { Rgb } from "../core/image.ts";
import type { Tiling } from "../core/tiles.ts";
import { NETWORKS, type Network } from "../engine/engine.ts";
import { SIMD_TILING } from "../engine/simd-engine.ts";
import type { Config, Provider } from "./config.ts";
import type { TileBatch } from "./engine-worker.ts";
import { bufferOf } from "./moving.ts";
import type { RunTiles } from "./tiles.ts";

/** The network, ready to run in threads of its own. */
export interface EnginePool {
  readonly provider: Provider;
  readonly tiling: Tiling;
  /** Batches that run at the same time. */
  readonly lanes: number;
  /** Most tiles of a batch. */
  readonly batchTiles: number;
  /** Measured speed of one lane, in input pixels per millisecond. */
  readonly pixelsPerMs: number;
  readonly run: RunTiles;
  /** Ends its threads. */
  close(): Promise<void>;
}

/** In the order in which `auto` tries them. TensorRT compiles for minutes at each new tile size, so it must be asked for. */
const GPUS: readonly Provider[] = ["cuda", "webgpu"];
/** Which is faster depends on the processor and on whether this Node has relaxed SIMD: `auto` tries both. */
const CPUS: readonly Provider[] = ["cpu", "simd"];

/** A GPU has memory for larger tiles: 1.13, not 1.27 times the work of the whole picture. Its batches need equal ones. */
const GPU_TILING: Tiling = { size: 272, overlap: 16, equal: true };

/** Side in pixels of the tile that times a provider. */
const WARM_UP_SIDE = 144;
/** Side if a CPU provider was asked for: measures within a fifth of the other, which takes seconds on a slow CPU. */
const SHORT_WARM_UP_SIDE = 64;
const WARM_UP_ROUNDS = 3;

interface EngineOptions extends Pick<Config, "provider" | "workers" | "batchTiles"> {
  /** Aborted when the engine is no longer wanted: tiles that run are finished, no others are begun. */
  readonly signal?: AbortSignal;
}

/**
 * Starts the provider that was asked for: loads all models and upscales a tile in every thread. `auto` takes the first GPU
 * that works, else what is fastest on this CPU.
 *
 * @throws {Error} if none works, or the signal's reason.
 */
export async function openEngine(
  options: EngineOptions,
  onUnavailable: (provider: Provider, cause: unknown) => void,
): Promise<EnginePool> {
  const attempt = async (provider: Provider, warmUpSide: number) => {
    try {
      return await open(provider, options, warmUpSide);
    } catch (cause) {
      options.signal?.throwIfAborted();
      onUnavailable(provider, cause);
      return undefined;
    }
  };
  const { provider: asked } = options;
  for (const provider of asked === "auto" ? GPUS : [asked]) {
    const pool = await attempt(provider, CPUS.includes(provider) ? SHORT_WARM_UP_SIDE : WARM_UP_SIDE);
    if (pool !== undefined) return pool;
  }
  let fastest: EnginePool | undefined;
  for (const provider of asked === "auto" ? CPUS : []) {
    const pool = await attempt(provider, WARM_UP_SIDE);
    const isFaster = (pool?.pixelsPerMs ?? 0) > (fastest?.pixelsPerMs ?? 0);
    await (isFaster ? fastest : pool)?.close();
    if (isFaster) fastest = pool;
  }
  if (fastest !== undefined) return fastest;
  throw new Error(`Expected a provider that works here for PROVIDER, got ${asked}`);
}

async function open(
  provider: Provider,
  { workers, batchTiles, signal }: EngineOptions,
  warmUpSide: number,
): Promise<EnginePool> {
  const onCpu = CPUS.includes(provider);
  // Threads that share nothing scale better on a CPU than one run on all cores, which waits for its slowest at every operation.
  const lanes = onCpu ? workers : 1;
  const pool = new Piscina<TileBatch, Rgb[]>({
    filename: fileURLToPath(new URL("engine-worker.ts", import.meta.url)),
    name: "runBatch",
    minThreads: lanes,
    maxThreads: lanes,
    workerData: { provider },
  });
  const run: RunTiles = (tiles, network) => pool.run({ tiles, network }, { transferList: tiles.map(bufferOf) });
  const perLane = async (side: number, network: Network) => {
    signal?.throwIfAborted();
    await Promise.all(Array.from({ length: lanes }, () => run([grey(side)], network)));
  };
  try {
    for (const network of NETWORKS) await perLane(16, network);
    let ms = Number.POSITIVE_INFINITY;
    for (let round = 0; round < WARM_UP_ROUNDS; round++) {
      const started = performance.now();
      await perLane(warmUpSide, { scale: 2, variant: "clean" });
      ms = Math.min(ms, performance.now() - started);
    }
    return {
      provider,
      tiling: onCpu ? SIMD_TILING : GPU_TILING,
      lanes,
      batchTiles: onCpu ? 1 : batchTiles,
      pixelsPerMs: warmUpSide ** 2 / ms,
      run,
      close: () => pool.destroy(),
    };
  } catch (cause) {
    await pool.destroy();
    throw cause;
  }
}

function grey(side: number): Rgb {
  return { width: side, height: side, data: new Uint8ClampedArray(3 * side ** 2).fill(128) };
}
