import { readFile } from "node:fs/promises";
import type { Ops } from "../../src/engine/ops.ts";
import {
  createSimdEngine,
  hasRelaxedSimd,
  type Kernels,
  SIMD_TILING,
  wasmKernels,
} from "../../src/engine/simd-engine.ts";
import { readPacked } from "../../src/engine/weights.ts";
import { clean } from "../unit/engine/clean.ts";

interface Profile {
  /** Each operation's share in the time of one 128x128 tile at x2; calls and copies take the rest. */
  readonly shares: { readonly op: string; readonly share: number }[];
  /** The engine's memory after the largest tile, at x2. */
  readonly heapBytes: number;
}

/** Profiles one engine in Node. */
export async function profile(): Promise<Profile> {
  const build = hasRelaxedSimd() ? "relaxed" : "simd128";
  const module = new WebAssembly.Module(await readFile(`src/engine/kernels/build/ssiu-${build}.wasm`));
  const spent = new Map<string, number>();
  let memory: WebAssembly.Memory | undefined;
  const kernels = timed(wasmKernels(module, build), spent, (planned) => {
    memory = planned;
  });
  const loadWeights = async () => readPacked(await readFile("models/ssiu-x2.int8.safetensors"), 2);
  const engine = createSimdEngine({ kernels, loadWeights });
  const data = Uint8ClampedArray.from({ length: 3 * 128 * 128 }, (_, i) => 128 + 90 * Math.sin(i / 40) + (i % 7));
  const image = { width: 128, height: 128, data };
  await engine.upscale(image, clean(2));
  spent.clear();
  const start = performance.now();
  await engine.upscale(image, clean(2));
  const total = performance.now() - start;
  const shares = Array.from(spent, ([op, ms]) => ({ op, share: ms / total })).sort((a, b) => b.share - a.share);
  const side = SIMD_TILING.size;
  await engine.upscale({ width: side, height: side, data: new Uint8ClampedArray(3 * side * side) }, clean(2));
  return { shares, heapBytes: memory?.buffer.byteLength ?? Number.NaN };
}

function timed(kernels: Kernels, spent: Map<string, number>, onMemory: (memory: WebAssembly.Memory) => void): Kernels {
  return {
    ...kernels,
    instantiate(memory) {
      onMemory(memory);
      const ops = kernels.instantiate(memory);
      return new Proxy(
        { ...ops },
        {
          get:
            (_, op: keyof Ops & string) =>
            (...args: number[]) => {
              const start = performance.now();
              // The cast is needed because TypeScript cannot match a name with its arguments here.
              (ops[op] as (...args: number[]) => void)(...args);
              spent.set(op, (spent.get(op) ?? 0) + performance.now() - start);
            },
        },
      );
    },
  };
}
