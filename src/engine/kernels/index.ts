/** The module's exports: the operations of `Ops`, see ../ops.ts. */
export { gemm } from "./gemm";
export { quantize, quantizeDifference } from "./quantize";
