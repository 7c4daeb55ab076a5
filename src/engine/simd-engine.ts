import { ServiceError } from "../core/errors.ts";
import { padded, type Tiling } from "../core/tiles.ts";
import type { Part } from "../core/trim.ts";
import { type Engine, isSameNetwork, type Network } from "./engine.ts";
import { planMemory, runNetwork } from "./network.ts";
import type { Ops } from "./ops.ts";
import type { Tensors } from "./safetensors.ts";
import { mirroredCut } from "./upscale.ts";
import { kernelBlocks, type MatrixLayout } from "./weights.ts";

const PAGE = 65_536;
/** The first bytes of the memory belong to the kernels: constants and a little scratch (scripts/build-kernels.ts). */
const KERNEL_BYTES = 4096;

/** Tiling where memory is short: a tile and weights take 42 MB at x4. The overlap is what the network needs for tiles to agree. */
export const SIMD_TILING: Tiling = { size: 144, overlap: 16 };

/** One build of the operations. */
export interface Kernels {
  /** Returns the operations over a memory that the caller lays out. */
  readonly instantiate: (memory: WebAssembly.Memory) => Ops;
  /** The matrix layout that they expect. */
  readonly layout: MatrixLayout;
}

export interface SimdEngineOptions {
  readonly kernels: Kernels;
  /** Packed weights (weights.ts) of one model. */
  readonly loadWeights: (network: Network) => Promise<Tensors>;
}

/**
 * SSIU in int8 on our own kernels. It computes one tile at a time, as WebAssembly without threads does anyway; its memory
 * grows to fit the largest tile.
 *
 * @throws {ServiceError} `inference_failed` from `upscale` if weights cannot be loaded or memory cannot grow.
 */
export function createSimdEngine({ kernels, loadWeights }: SimdEngineOptions): Engine {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 4096 });
  const ops = kernels.instantiate(memory);
  let placed: (ReturnType<typeof place> & { readonly network: Network }) | undefined;

  function reserve(bytes: number): Uint8Array {
    const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE);
    if (missing > 0) memory.grow(missing);
    return new Uint8Array(memory.buffer);
  }

  function place(weights: Tensors): { readonly pointers: ReadonlyMap<string, number>; readonly end: number } {
    const pointers = new Map<string, number>();
    let end = KERNEL_BYTES;
    for (const [name, block] of kernelBlocks(weights, kernels.layout)) {
      pointers.set(name, end);
      reserve(end + block.length).set(block, end);
      end += Math.ceil(block.length / 16) * 16;
    }
    return { pointers, end };
  }

  return {
    name: "simd",
    async upscale(tile, network) {
      const { scale } = network;
      try {
        if (!placed || !isSameNetwork(placed.network, network)) {
          const weights = await loadWeights(network);
          placed = undefined; // invalid once its first byte is overwritten
          placed = { ...place(weights), network };
        }
        const { pointers, end } = placed;
        const [width, height] = [padded(tile.width), padded(tile.height)];
        const plan = planMemory({ width, height }, scale, end);
        reserve(plan.end).set(mirroredCut(tile, topLeft(width, height)).data, plan.input);
        const weight = (name: string) => pointers.get(name) ?? missing(name);
        runNetwork(ops, weight, { plan, scale, width, height });
        const data = new Uint8ClampedArray(memory.buffer, plan.output);
        const upscaled = { width: scale * width, height: scale * height, data };
        return mirroredCut(upscaled, topLeft(scale * tile.width, scale * tile.height));
      } catch (cause) {
        throw new ServiceError("inference_failed", "The picture could not be upscaled", { cause });
      }
    },
  };
}

/** Kernels from a compiled module. The build decides the matrix layout. */
export function wasmKernels(module: WebAssembly.Module, build: "relaxed" | "simd128"): Kernels {
  return {
    // The cast is for the boundary to WebAssembly: kernels/index.ts exports what ops.ts says.
    instantiate: (memory) => new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Ops,
    layout: build === "relaxed" ? "int8" : "int16",
  };
}

/** Whether this runtime has the relaxed dot product that the faster build needs. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(RELAXED_DOT);
}

/** (func (param v128) (result v128) (i16x8.relaxed_dot_i8x16_i7x16_s (local.get 0) (local.get 0))) */
const RELAXED_DOT = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 6, 1, 0x60, 1, 0x7b, 1, 0x7b],
  ...[3, 2, 1, 0],
  ...[10, 11, 1, 9, 0, 0x20, 0, 0x20, 0, 0xfd, 0x92, 2, 0x0b],
]);

function missing(name: string): never {
  throw new RangeError(`Expected packed weights for ${name}`);
}

function topLeft(width: number, height: number): Part {
  return { x: { from: 0, to: width }, y: { from: 0, to: height } };
}
