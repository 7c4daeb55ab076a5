import type { Kernels } from "../../../../src/engine/simd-engine.ts";
import { add } from "../reference/add.ts";
import { attention } from "../reference/attention.ts";
import { depthwise } from "../reference/depthwise.ts";
import { gelu, geluMul } from "../reference/gelu.ts";
import { gemm } from "../reference/gemm.ts";
import { head } from "../reference/head.ts";
import { layerNorm } from "../reference/layer-norm.ts";
import { maxPool } from "../reference/max-pool.ts";
import type { Memory } from "../reference/memory.ts";
import { quantize, quantizeDifference } from "../reference/quantize.ts";
import { select } from "../reference/select.ts";
import { tail } from "../reference/tail.ts";
import { upsampleAdd } from "../reference/upsample-add.ts";

/** The operations in plain TypeScript instead of WebAssembly. */
export const referenceKernels: Kernels = {
  layout: "int8",
  instantiate(wasm) {
    // New views each time, because a view does not grow with its memory.
    const memory: Memory = {
      get f32() {
        return new Float32Array(wasm.buffer);
      },
      get u8() {
        return new Uint8Array(wasm.buffer);
      },
      get i8() {
        return new Int8Array(wasm.buffer);
      },
    };
    return {
      add: (...args) => add(memory, ...args),
      attention: (...args) => attention(memory, ...args),
      depthwise: (...args) => depthwise(memory, ...args),
      gelu: (...args) => gelu(memory, ...args),
      geluMul: (...args) => geluMul(memory, ...args),
      gemm: (...args) => gemm(memory, ...args),
      head: (...args) => head(memory, ...args),
      layerNorm: (...args) => layerNorm(memory, ...args),
      maxPool: (...args) => maxPool(memory, ...args),
      quantize: (...args) => quantize(memory, ...args),
      quantizeDifference: (...args) => quantizeDifference(memory, ...args),
      select: (...args) => select(memory, ...args),
      tail: (...args) => tail(memory, ...args),
      upsampleAdd: (...args) => upsampleAdd(memory, ...args),
    };
  },
};
