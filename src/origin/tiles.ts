import type { InferenceSession } from "onnxruntime-web";
import type { Rgb, Scale, Variant } from "../core/image.ts";
import type { Engine } from "../engine/engine.ts";
import { floats, type Ort, toPixels, toPlanes } from "../engine/ort-engine.ts";

/** Which network a tile goes through. */
export interface Network {
  readonly scale: Scale;
  readonly variant: Variant;
}

/** Tiles of one size for one network -> the same tiles upscaled, in order. */
export type RunTiles = (tiles: readonly Rgb[], network: Network) => Promise<Rgb[]>;

interface OrtTilesOptions {
  readonly loadModel: (network: Network) => Promise<Uint8Array>;
  readonly session: InferenceSession.SessionOptions;
}

/**
 * Tiles through ONNX Runtime, float32, every network's session kept: requests for different ones alternate. The tiles go
 * through at once where the model's first dimension is free, one by one where it is fixed.
 */
export function ortTiles(ort: Ort, { loadModel, session: options }: OrtTilesOptions): RunTiles {
  const sessions = new Map<string, InferenceSession>();
  return async (tiles, network) => {
    const { scale, variant } = network;
    const name = `${scale} ${variant}`;
    const session = sessions.get(name) ?? (await ort.InferenceSession.create(await loadModel(network), options));
    sessions.set(name, session);
    if (takesBatch(session)) return await run(tiles);
    const upscaled: Rgb[] = [];
    for (const tile of tiles) upscaled.push(...(await run([tile])));
    return upscaled;

    async function run(batch: readonly Rgb[]): Promise<Rgb[]> {
      const { width = 0, height = 0 } = batch[0] ?? {};
      const planes = new Float32Array(3 * width * height * batch.length);
      for (const [i, tile] of batch.entries()) planes.set(toPlanes(tile), 3 * width * height * i);
      const { sr } = await session.run({ lr: new ort.Tensor("float32", planes, [batch.length, 3, height, width]) });
      const values = await floats(sr);
      const length = 3 * scale ** 2 * width * height;
      return batch.map((_, i) =>
        toPixels(values.subarray(i * length, (i + 1) * length), scale * width, scale * height),
      );
    }
  };
}

/** Tiles through an engine that takes one at a time. */
export function engineTiles(engine: Engine): RunTiles {
  return async (tiles, { scale, variant }) => {
    const upscaled: Rgb[] = [];
    for (const tile of tiles) upscaled.push(await engine.upscale(tile, scale, variant));
    return upscaled;
  };
}

/** A name stands for a dimension that is free. */
function takesBatch({ inputMetadata: [input] }: InferenceSession): boolean {
  return input?.isTensor === true && typeof input.shape[0] === "string";
}
