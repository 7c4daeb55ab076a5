import x2 from "../../models/ssiu-x2.int8.safetensors";
import x3 from "../../models/ssiu-x3.int8.safetensors";
import x4 from "../../models/ssiu-x4.int8.safetensors";
import type { Scale } from "../core/image.ts";
import kernels from "../engine/kernels/build/ssiu-relaxed.wasm";
import { type Model, verifyModel } from "../engine/models.ts";
import { createSimdEngine, SIMD_TILING, wasmKernels } from "../engine/simd-engine.ts";
import { readPacked } from "../engine/weights.ts";
import type { Env } from "./worker.ts";

const PACKED = { 2: x2, 3: x3, 4: x4 } as const;

/** Our own kernels in a Worker, with the weights in its bundle. */
export function createEdgeSimdEngine(_env: Env, model: (scale: Scale) => Model) {
  const engine = createSimdEngine({
    kernels: wasmKernels(kernels, "relaxed"),
    loadWeights: async (scale) =>
      readPacked(await verifyModel(new Uint8Array(PACKED[scale]), model(scale).packed), scale),
  });
  return { engine, tiling: SIMD_TILING };
}
