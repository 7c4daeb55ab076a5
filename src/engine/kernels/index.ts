/** The module's exports: the operations of `Ops`, see ../ops.ts. */
export { add } from "./add";
export { attention } from "./attention";
export { depthwise } from "./depthwise";
export { gelu, geluMul } from "./gelu";
export { gemm } from "./gemm";
export { head } from "./head";
export { layerNorm } from "./layer-norm";
export { maxPool } from "./max-pool";
export { quantize, quantizeDifference } from "./quantize";
export { select } from "./select";
export { tail } from "./tail";
export { upsampleAdd } from "./upsample-add";
