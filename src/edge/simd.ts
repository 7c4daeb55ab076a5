import x2 from "../../models/ssiu-x2.int8.safetensors";
import x2Web from "../../models/ssiu-x2-web.int8.safetensors";
import x3 from "../../models/ssiu-x3.int8.safetensors";
import x3Web from "../../models/ssiu-x3-web.int8.safetensors";
import x4 from "../../models/ssiu-x4.int8.safetensors";
import x4Web from "../../models/ssiu-x4-web.int8.safetensors";
import kernels from "../engine/kernels/build/ssiu-relaxed.wasm";
import { type FindModel, verifyModel } from "../engine/models.ts";
import { createSimdEngine, SIMD_TILING, wasmKernels } from "../engine/simd-engine.ts";
import { readPacked } from "../engine/weights.ts";

/** The packed weights by their file names in models/manifest.json, which says what each is for. */
const PACKED = new Map([
  ["ssiu-x2.int8.safetensors", x2],
  ["ssiu-x3.int8.safetensors", x3],
  ["ssiu-x4.int8.safetensors", x4],
  ["ssiu-x2-web.int8.safetensors", x2Web],
  ["ssiu-x3-web.int8.safetensors", x3Web],
  ["ssiu-x4-web.int8.safetensors", x4Web],
]);

/** Our own kernels in a Worker, with the weights in its bundle. */
export function createEdgeSimdEngine(find: FindModel) {
  const engine = createSimdEngine({
    kernels: wasmKernels(kernels, "relaxed"),
    async loadWeights(network) {
      const { packed } = find(network);
      const bytes = PACKED.get(packed.file);
      if (bytes === undefined) throw new RangeError(`Expected ${packed.file} in the bundle`);
      return readPacked(await verifyModel(new Uint8Array(bytes), packed), network.scale);
    },
  });
  return { engine, tiling: SIMD_TILING };
}
