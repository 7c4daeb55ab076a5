import wasmModule from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
import * as ort from "onnxruntime-web/wasm";
import { type FindModel, verifyModel } from "../engine/models.ts";
import { createOrtEngine, EDGE_TILING } from "../engine/ort-engine.ts";
import type { Env } from "./worker.ts";

/** Stands in for the module's bytes, which a Worker may not compile. */
const SENTINEL = new ArrayBuffer(8);

/**
 * ONNX Runtime Web in a Worker. It insists on `WebAssembly.instantiate(bytes)`, which Workers refuse, so it is
 * handed a sentinel instead of bytes, and the sentinel is answered with an instance of the module that wrangler compiled.
 * The models are static assets, because with them the script would exceed the 10 MB that Cloudflare accepts.
 */
export function createEdgeOrtEngine(find: FindModel, { ASSETS: assets }: Env) {
  const instantiate = WebAssembly.instantiate;
  const answerSentinel = async (module: WebAssembly.Module | Uint8Array, imports?: WebAssembly.Imports) => {
    if (!(module instanceof Uint8Array)) return await instantiate(module, imports);
    if (module.buffer !== SENTINEL) throw new TypeError("Workers do not compile WebAssembly at run time");
    return { module: wasmModule, instance: new WebAssembly.Instance(wasmModule, imports) };
  };
  Object.assign(WebAssembly, { instantiate: answerSentinel });
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = SENTINEL;

  const engine = createOrtEngine(ort, {
    async loadModel(network) {
      const { onnx } = find(network);
      const response = await assets.fetch(new URL(`models/${onnx.file}`, "https://assets.invalid"));
      return await verifyModel(new Uint8Array(await response.arrayBuffer()), onnx);
    },
  });
  return { engine, tiling: EDGE_TILING };
}
