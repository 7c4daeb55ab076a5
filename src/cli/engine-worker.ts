import type { Engine } from "../engine/engine.ts";
import { ENGINES } from "../engine/node-engines.ts";

const choice = ENGINES.simd();

/** One tile, in a thread of engines.ts. */
export async function upscale(tile: Parameters<Engine["upscale"]>) {
  const { engine } = await choice;
  return await engine.upscale(...tile);
}
