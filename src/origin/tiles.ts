import type { InferenceSession } from "onnxruntime-web";
import type { Rgb } from "../core/image.ts";
import type { Engine, Network } from "../engine/engine.ts";
import { floats, type Ort, toPixels, toPlanes } from "../engine/ort-engine.ts";

/** Tiles of one size for one network -> the same tiles upscaled, in order. */
export type RunTiles = (tiles: readonly Rgb[], network: Network) => Promise<Rgb[]>;

interface OrtTilesOptions {
  readonly loadModel: (network: Network) => Promise<Uint8Array>;
  readonly session: InferenceSession.SessionOptions;
}

/** Runs tiles through ONNX Runtime, float32, all at once. Each network's session is kept, because requests alternate. */
export function ortTiles(ort: Ort, { loadModel, session: options }: OrtTilesOptions): RunTiles {
  const sessions = new Map<string, InferenceSession>();
  return async (tiles, network) => {
    const { scale, variant } = network;
    const name = `${scale} ${variant}`;
    const session = sessions.get(name) ?? (await ort.InferenceSession.create(await loadModel(network), options));
    sessions.set(name, session);
    const { width = 0, height = 0 } = tiles[0] ?? {};
    const planes = new Float32Array(3 * width * height * tiles.length);
    for (const [i, tile] of tiles.entries()) planes.set(toPlanes(tile), 3 * width * height * i);
    const { sr } = await session.run({ lr: new ort.Tensor("float32", planes, [tiles.length, 3, height, width]) });
    const values = await floats(sr);
    const length = 3 * scale ** 2 * width * height;
    return tiles.map((_, i) => toPixels(values.subarray(i * length, (i + 1) * length), scale * width, scale * height));
  };
}

/** Runs tiles through an engine that takes one at a time. */
export function engineTiles(engine: Engine): RunTiles {
  return async (tiles, network) => {
    const upscaled: Rgb[] = [];
    for (const tile of tiles) upscaled.push(await engine.upscale(tile, network));
    return upscaled;
  };
}
