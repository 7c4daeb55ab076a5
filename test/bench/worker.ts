import manifest from "../../models/manifest.json";
import type { Scale } from "../../src/core/image.ts";
import { createEdgeOrtEngine } from "../../src/edge/ort.ts";
import { createEdgeSimdEngine } from "../../src/edge/simd.ts";
import type { Env } from "../../src/edge/worker.ts";
import { parseManifest } from "../../src/engine/models.ts";
import { upscaleRgb } from "../../src/engine/upscale.ts";
import { clean } from "../unit/engine/clean.ts";

const model = parseManifest(manifest);
const started = new Map<string, ReturnType<typeof createEdgeSimdEngine>>();

/**
 * `/time?engine=simd&scale=2&side=128&tile=64&subject=90` upscales a picture of this side once and answers with the milliseconds
 * it took. `tile` sets the size of the tiles; a `subject` smaller than `side` stands on a plain ground.
 */
export default {
  async fetch(request, env) {
    const query = new URL(request.url).searchParams;
    const name = query.get("engine") ?? "simd";
    const side = Number(query.get("side"));
    const tile = Number(query.get("tile"));

    const chosen = started.get(name) ?? (name === "ort" ? createEdgeOrtEngine : createEdgeSimdEngine)(model, env);
    started.set(name, chosen);
    const tiling = tile > 0 ? { size: tile, overlap: 0 } : chosen.tiling;
    const ground = (side - Number(query.get("subject") ?? side)) / 2;
    const isGround = (at: number) => at < ground || at >= side - ground;
    const data = Uint8ClampedArray.from({ length: 3 * side * side }, (_, i) => {
      const pixel = Math.floor(i / 3);
      if (isGround(pixel % side) || isGround(Math.floor(pixel / side))) return 255;
      return 128 + 90 * Math.sin(i / 40) + (i % 7);
    });
    const start = performance.now();
    const network = clean(Number(query.get("scale")) as Scale);
    await upscaleRgb(chosen.engine, { width: side, height: side, data }, network, { tiling });
    return Response.json({ ms: performance.now() - start });
  },
} satisfies ExportedHandler<Env>;
