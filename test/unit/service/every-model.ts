import type { Scale, Variant } from "../../../src/core/image.ts";
import type { FindModel, Model } from "../../../src/engine/models.ts";

/** `x2-clean` and so on. */
export function model(scale: Scale, variant: Variant): Model {
  const file = { file: "f", sha256: "0".repeat(64) };
  return { id: `x${scale}-${variant}`, scale, variant, onnx: file, packed: file };
}

/** One clean model for each scale. */
export const everyModel: FindModel = (scale) => model(scale, "clean");
