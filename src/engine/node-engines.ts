import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Tiling } from "../core/tiles.ts";
import type { Engine, Network } from "./engine.ts";
import { parseManifest, verifyModel } from "./models.ts";
import { createOrtEngine, EDGE_TILING } from "./ort-engine.ts";
import { createSimdEngine, hasRelaxedSimd, SIMD_TILING, wasmKernels } from "./simd-engine.ts";
import { readPacked } from "./weights.ts";

/** An engine and how pictures are cut for it. */
export interface EngineChoice {
  readonly engine: Engine;
  readonly tiling: Tiling;
}

// Since 1.29 ONNX Runtime reports what it loads and what fails to Microsoft, unless this is set before its first session. A thread
// cannot set it: its environment is a copy that no library sees. https://github.com/microsoft/onnxruntime/pull/27379 (2026-11-27)
process.env.ORT_DISABLE_TELEMETRY = "1";

const MODELS = new URL("../../models/", import.meta.url);

const KERNELS = new URL("kernels/build/", import.meta.url);

/** Reads models/manifest.json. */
export const readManifest = async () =>
  parseManifest(JSON.parse(await readFile(new URL("manifest.json", MODELS), "utf8")));

/** Reads the file of a model from `models/` and checks it against the manifest. */
export const readModel = async (kind: "onnx" | "packed", network: Network) => {
  const file = (await readManifest())(network)[kind];
  return await verifyModel(await readFile(new URL(file.file, MODELS)), file);
};

const loadModel = (network: Network) => readModel("onnx", network);

/** `simd`: the Worker's own. `ort`: native, on all cores. `ort-web`: as in a Worker, WebAssembly in one thread and its tiling. */
export const ENGINES = {
  ort: async (): Promise<EngineChoice> => ({
    engine: createOrtEngine(await import("onnxruntime-node"), { loadModel }),
    tiling: { size: 512, overlap: 32 },
  }),
  simd: async (): Promise<EngineChoice> => {
    // Node 20 has the relaxed dot product behind a flag, but its baseline compiler computes it wrongly.
    const build = hasRelaxedSimd() && !process.version.startsWith("v20.") ? "relaxed" : "simd128";
    const kernels = new WebAssembly.Module(await readFile(new URL(`ssiu-${build}.wasm`, KERNELS)));
    const loadWeights = async (network: Network) => readPacked(await readModel("packed", network), network.scale);
    return {
      engine: createSimdEngine({ kernels: wasmKernels(kernels, build), loadWeights }),
      tiling: SIMD_TILING,
    };
  },
  "ort-web": async (): Promise<EngineChoice> => {
    const ort = await import("onnxruntime-web/wasm");
    const wasm = createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmBinary = await readFile(wasm);
    return { engine: createOrtEngine(ort, { loadModel }), tiling: EDGE_TILING };
  },
} as const;
