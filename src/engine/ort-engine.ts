import type { InferenceSession, Tensor } from "onnxruntime-web";
import { ServiceError } from "../core/errors.ts";
import type { Rgb } from "../core/image.ts";
import type { Tiling } from "../core/tiles.ts";
import { type Engine, isSameNetwork, type Network } from "./engine.ts";

/** What onnxruntime-web and onnxruntime-node have in common. */
export interface Ort {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
}

/** The tiling in a Worker: larger tiles would waste less on the halo, but need more heap than there is. */
export const EDGE_TILING: Tiling = { size: 48, overlap: 16 };

export interface OrtEngineOptions {
  /** Bytes of a model's ONNX file. */
  readonly loadModel: (network: Network) => Promise<Uint8Array> | Uint8Array;
}

/**
 * SSIU on ONNX Runtime in float32, one model at a time: the heap of onnxruntime-web never shrinks, so one session is
 * released before the next is created. In a Worker nothing else runs between two tiles; elsewhere, upscale pictures one
 * after the other.
 *
 * @throws {ServiceError} `inference_failed` from `upscale` if the model cannot be loaded or run.
 */
export function createOrtEngine(ort: Ort, options: OrtEngineOptions): Engine {
  let live: { readonly network: Network; readonly session: InferenceSession } | undefined;

  async function open(network: Network): Promise<InferenceSession> {
    if (live && isSameNetwork(live.network, network)) return live.session;
    const model = await options.loadModel(network);
    const retired = live?.session;
    live = undefined;
    await retired?.release();
    live = { network, session: await ort.InferenceSession.create(model) };
    return live.session;
  }

  return {
    name: "ort",
    async upscale(tile, network) {
      try {
        const session = await open(network);
        const lr = new ort.Tensor("float32", toPlanes(tile), [1, 3, tile.height, tile.width]);
        const { sr } = await session.run({ lr });
        return toPixels(await floats(sr), network.scale * tile.width, network.scale * tile.height);
      } catch (cause) {
        throw new ServiceError("inference_failed", "The picture could not be upscaled", { cause });
      }
    },
  };
}

/** Values of the float32 output. @throws {TypeError} if it is missing or of another type */
export async function floats(tensor: Tensor | undefined): Promise<Float32Array> {
  const data = await tensor?.getData();
  if (!(data instanceof Float32Array)) throw new TypeError(`Expected a float32 output sr, got ${tensor?.type}`);
  return data;
}

/** RGB8 [h, w, 3] -> float32 [3, h, w] in 0..1. */
export function toPlanes({ width, height, data }: Rgb): Float32Array {
  const pixels = width * height;
  const planes = new Float32Array(3 * pixels);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) planes[c * pixels + i] = (data[3 * i + c] ?? 0) / 255;
  }
  return planes;
}

/** float32 [3, h, w] -> RGB8 [h, w, 3]; clamped, rounded half to even by `Uint8ClampedArray`. */
export function toPixels(planes: Float32Array, width: number, height: number): Rgb {
  const pixels = width * height;
  const data = new Uint8ClampedArray(3 * pixels);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) data[3 * i + c] = (planes[c * pixels + i] ?? 0) * 255;
  }
  return { width, height, data };
}
