import type { Network } from "../../../src/engine/engine.ts";
import type { FindModel, Model } from "../../../src/engine/models.ts";
import { clean } from "../engine/clean.ts";

/** The model of a network, with an id such as `x2-clean`. */
export function model({ scale, variant }: Network): Model {
  const file = { file: "f", sha256: "0".repeat(64) };
  return { id: `x${scale}-${variant}`, scale, variant, onnx: file, packed: file };
}

/** One clean model for each scale. */
export const everyModel: FindModel = ({ scale }) => model(clean(scale));
