import wasmModule from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
import * as ort from "onnxruntime-web/wasm";
import x2 from "../../models/ssiu-x2.onnx";
import x3 from "../../models/ssiu-x3.onnx";
import x4 from "../../models/ssiu-x4.onnx";
import type { Engine } from "../engine/engine.ts";
import { createOrtEngine } from "../engine/ort-engine.ts";

const MODELS = { 2: x2, 3: x3, 4: x4 } as const;

/** Stands for the module's bytes, which a Worker may not compile. */
const SENTINEL = new ArrayBuffer(8);

/**
 * ONNX Runtime Web in a Worker. It insists on `WebAssembly.instantiate(bytes)`, which Workers refuse, so it is
 * handed a sentinel instead of bytes, and the sentinel is answered with an instance of the module wrangler compiled.
 */
export function createEdgeOrtEngine(): Engine {
  const instantiate = WebAssembly.instantiate;
  const answerSentinel = async (source: unknown, imports?: WebAssembly.Imports) => {
    if (!(source instanceof Uint8Array && source.buffer === SENTINEL)) {
      return await instantiate(source as WebAssembly.Module, imports);
    }
    return { module: wasmModule, instance: new WebAssembly.Instance(wasmModule, imports) };
  };
  Object.assign(WebAssembly, { instantiate: answerSentinel });
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = SENTINEL;
  return createOrtEngine(ort, { loadModel: (scale) => new Uint8Array(MODELS[scale]) });
}
