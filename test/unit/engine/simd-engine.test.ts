import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { type Rgb, SCALES } from "../../../src/core/image.ts";
import { psnr } from "../../../src/core/metrics.ts";
import type { Network } from "../../../src/engine/engine.ts";
import { ENGINES } from "../../../src/engine/node-engines.ts";
import { readSafetensors, type Tensors } from "../../../src/engine/safetensors.ts";
import { createSimdEngine, hasRelaxedSimd, wasmKernels } from "../../../src/engine/simd-engine.ts";
import { upscaleRgb } from "../../../src/engine/upscale.ts";
import { readPacked } from "../../../src/engine/weights.ts";
import { clean } from "./clean.ts";
import { drawing } from "./drawing.ts";
import { referenceKernels } from "./kernels/reference-kernels.ts";
import { SEAMLESS, seamless } from "./seams.ts";

const loadWeights = async ({ scale }: Network) =>
  readPacked(await readFile(`models/ssiu-x${scale}.int8.safetensors`), scale);
const compile = async (build: string) =>
  new WebAssembly.Module(await readFile(`src/engine/kernels/build/ssiu-${build}.wasm`));

/** Converts float32 [1, 3, h, w] in 0..1 to RGB8, rounded as the engines round. */
function picture(tensors: Tensors, name: string): Rgb {
  const tensor = tensors.get(name);
  const [, , height = 0, width = 0] = tensor?.shape ?? [];
  const data = new Uint8ClampedArray(3 * width * height);
  for (const [i, value] of tensor?.data.entries() ?? []) {
    const [c, at] = [Math.floor(i / (width * height)), i % (width * height)];
    data[3 * at + c] = 255 * value;
  }
  return { width, height, data };
}

const simd128 = async () =>
  createSimdEngine({ kernels: wasmKernels(await compile("simd128"), "simd128"), loadWeights });

/** Shared, because loading a model takes most of a second; the engine keeps one until it is asked for another. */
const ort = ENGINES.ort();

describe.each(SCALES)("x%i", (scale) => {
  it("makes of the debug state's input what PyTorch made of it", async () => {
    const { tensors: state } = readSafetensors(await readFile(`models/debug-state-x${scale}.safetensors`));
    const result = await (await simd128()).upscale(picture(state, "input"), clean(scale));
    expect(psnr(result, picture(state, "output"), scale)).toBeGreaterThan(45);
  });

  it("agrees with ONNX Runtime's float32 on a drawing", async () => {
    const image = drawing(70, 50);
    const { engine } = await ort;
    const [ours, oracle] = [
      await (await simd128()).upscale(image, clean(scale)),
      await engine.upscale(image, clean(scale)),
    ];
    expect(psnr(ours, oracle, scale)).toBeGreaterThan(50);
  });

  it("is the same network by the kernels as by plain TypeScript", async () => {
    // Two windows of attention at one scale are enough, because the scales differ only in the tail.
    const [width, height] = scale === 2 ? [17, 9] : [9, 5];
    const image = drawing(width, height);
    const reference = createSimdEngine({ kernels: referenceKernels, loadWeights });
    const [fast, plain] = [
      await (await simd128()).upscale(image, clean(scale)),
      await reference.upscale(image, clean(scale)),
    ];
    expect([fast.width, fast.height]).toEqual([width * scale, height * scale]);
    expect(psnr(fast, plain, scale)).toBeGreaterThan(50);
  });
});

it.each([
  [1, 1],
  [1, 37],
  [5, 3],
  [16, 16],
  [33, 17],
])("takes a picture of %ix%i", async (width, height) => {
  const image = drawing(width, height);
  const { engine } = await ort;
  const [ours, oracle] = [await (await simd128()).upscale(image, clean(2)), await engine.upscale(image, clean(2))];
  expect([ours.width, ours.height]).toEqual([2 * width, 2 * height]);
  const differences = ours.data.map((value, i) => Math.abs(value - (oracle.data[i] ?? 0)));
  expect(Math.max(...differences)).toBeLessThanOrEqual(8);
});

it("gives the same bytes again, after other sizes and scales", async () => {
  const engine = await simd128();
  const first = await engine.upscale(drawing(40, 30), clean(2));
  await engine.upscale(drawing(90, 20), clean(3));
  await engine.upscale(drawing(8, 8), clean(4));
  expect(await engine.upscale(drawing(40, 30), clean(2))).toEqual(first);
});

it("loads a model's weights when another was in its place, and only then", async () => {
  const loaded: string[] = [];
  const engine = createSimdEngine({
    kernels: wasmKernels(await compile("simd128"), "simd128"),
    loadWeights(network) {
      loaded.push(`x${network.scale} ${network.variant}`);
      return loadWeights(network);
    },
  });
  for (const variant of ["clean", "clean", "web", "web", "clean"] as const) {
    await engine.upscale(drawing(8, 8), { scale: 2, variant });
  }
  expect(loaded).toEqual(["x2 clean", "x2 web", "x2 clean"]);
});

it.skipIf(!hasRelaxedSimd())("gives the same bytes in both builds", async () => {
  const relaxed = createSimdEngine({ kernels: wasmKernels(await compile("relaxed"), "relaxed"), loadWeights });
  expect(await relaxed.upscale(drawing(40, 30), clean(2))).toEqual(
    await (await simd128()).upscale(drawing(40, 30), clean(2)),
  );
});

it.each(SEAMLESS)("shows no seam where tiles meet in %s", async (name) => {
  const engine = await simd128();
  const { tiling } = await ENGINES.simd();
  const image = await seamless(name, { width: 200, height: 60 });
  const [whole, stitched] = [
    await engine.upscale(image, clean(2)),
    await upscaleRgb(engine, image, clean(2), { tiling }),
  ];
  expect(psnr(stitched, whole, 2)).toBeGreaterThan(52);
  const worst = whole.data.reduce((most, value, i) => Math.max(most, Math.abs(value - (stitched.data[i] ?? 0))), 0);
  expect(worst).toBeLessThanOrEqual(10);
});

it("reports weights that cannot be loaded as inference_failed, and keeps the reason", async () => {
  const engine = createSimdEngine({
    kernels: wasmKernels(await compile("simd128"), "simd128"),
    loadWeights: async () => new Map(),
  });
  await expect(engine.upscale(drawing(8, 8), clean(2))).rejects.toMatchObject({
    code: "inference_failed",
    cause: expect.objectContaining({ message: expect.stringContaining("head") }),
  });
});
