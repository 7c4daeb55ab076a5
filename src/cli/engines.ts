import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Scale } from "../core/image.ts";
import type { Tiling } from "../core/tiles.ts";
import type { Engine } from "../engine/engine.ts";
import { createOrtEngine, EDGE_TILING } from "../engine/ort-engine.ts";

export interface EngineChoice {
  readonly engine: Engine;
  readonly tiling: Tiling;
}

const MODELS = new URL("../../models/", import.meta.url);

const loadModel = (scale: Scale) => readFile(new URL(`ssiu-x${scale}.onnx`, MODELS));

/** `ort` runs natively on all cores, `ort-web` as the Worker does: WebAssembly, one thread, its tiling. */
export const ENGINES = {
  ort: async (): Promise<EngineChoice> => ({
    engine: createOrtEngine(await import("onnxruntime-node"), { loadModel }),
    tiling: { size: 512, overlap: 32 },
  }),
  "ort-web": async (): Promise<EngineChoice> => {
    const ort = await import("onnxruntime-web/wasm");
    const wasm = createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmBinary = await readFile(wasm);
    return { engine: createOrtEngine(ort, { loadModel }), tiling: EDGE_TILING };
  },
} as const;
