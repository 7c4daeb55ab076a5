import type { Scale } from "../../../src/core/image.ts";
import type { Network } from "../../../src/engine/engine.ts";

/** The network of this scale that was trained on pictures that were only shrunk. */
export const clean = (scale: Scale): Network => ({ scale, variant: "clean" });
