import type { Scale } from "../../src/core/image.ts";
import { createSimdEngine, hasRelaxedSimd, wasmKernels } from "../../src/engine/simd-engine.ts";
import { readPacked } from "../../src/engine/weights.ts";
import { clean } from "../unit/engine/clean.ts";

// The engine as a visitor's browser runs it: the same module and weights, fetched.
const bytesOf = async (path: string) => new Uint8Array(await (await fetch(path)).arrayBuffer());

const build = hasRelaxedSimd() ? "relaxed" : "simd128";
const kernels = await WebAssembly.compile(await bytesOf(`/kernels/ssiu-${build}.wasm`));
const engine = createSimdEngine({
  kernels: wasmKernels(kernels, build),
  loadWeights: async ({ scale }) => readPacked(await bytesOf(`/models/ssiu-x${scale}.int8.safetensors`), scale),
});

async function upscale(image: { width: number; height: number; data: number[] }, scale: Scale) {
  const start = performance.now();
  const { data } = await engine.upscale({ ...image, data: Uint8ClampedArray.from(image.data) }, clean(scale));
  return { data: [...data], ms: performance.now() - start, build };
}

Object.assign(globalThis, { upscale });
