import type { FindModel } from "../../../src/engine/models.ts";

const FILE = { file: "f", sha256: "0".repeat(64), bytes: 1 };

/** One clean model for each scale, `x2`, `x3`, `x4`. */
export const everyModel: FindModel = (scale) => ({
  id: `x${scale}`,
  scale,
  variant: "clean",
  weights: FILE,
  onnx: FILE,
  packed: FILE,
});
