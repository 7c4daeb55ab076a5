import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import type { Rgb, Size } from "../core/image.ts";
import { planTiles } from "../core/tiles.ts";
import type { Engine } from "../engine/engine.ts";
import { ENGINES, type EngineChoice } from "../engine/node-engines.ts";

/** The engine that upscales a picture of this size. */
export type EngineFor = (size: Size) => EngineChoice & { readonly concurrency?: number };

/** Each thread takes 80 MB. */
const MOST_THREADS = 16;

/** Opens an engine by name. `simd` uses a thread per core for several tiles; a single tile is done before a thread has started. */
export async function openEngine(name: keyof typeof ENGINES, cores = availableParallelism()): Promise<EngineFor> {
  const choice = await ENGINES[name]();
  const concurrency = Math.min(cores, MOST_THREADS);
  let threads: Engine | undefined;
  return (size) => {
    if (name !== "simd" || concurrency === 1 || planTiles(size, choice.tiling).length === 1) return choice;
    threads ??= openThreads(concurrency);
    return { ...choice, engine: threads, concurrency };
  };
}

function openThreads(most: number): Engine {
  const pool = new Piscina<Parameters<Engine["upscale"]>, Rgb>({
    filename: fileURLToPath(new URL("engine-worker.ts", import.meta.url)),
    name: "upscale",
    // Threads start as tiles come, and are kept.
    minThreads: 0,
    maxThreads: most,
    idleTimeout: Number.POSITIVE_INFINITY,
  });
  return { name: "simd", upscale: (...tile) => pool.run(tile) };
}
