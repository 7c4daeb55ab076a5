import { expect, it, onTestFinished, vi } from "vitest";
import { SCALES, type Scale, type Variant } from "../../../src/core/image.ts";
import { psnr } from "../../../src/core/metrics.ts";
import type { Tiling } from "../../../src/core/tiles.ts";
import { ENGINES, readModel } from "../../../src/engine/node-engines.ts";
import { createOrtEngine } from "../../../src/engine/ort-engine.ts";
import { upscaleRgb } from "../../../src/engine/upscale.ts";
import { clean } from "./clean.ts";
import { drawing } from "./drawing.ts";
import { seamless } from "./seams.ts";

it.each(SCALES)("makes the same of a picture natively and in WebAssembly, x%i", async (scale) => {
  const image = drawing(40, 24);
  const { engine: native } = await ENGINES.ort();
  const { engine: web } = await ENGINES["ort-web"]();
  const [a, b] = [await native.upscale(image, clean(scale)), await web.upscale(image, clean(scale))];
  expect([a.width, a.height]).toEqual([40 * scale, 24 * scale]);
  const differences = a.data.map((value, i) => Math.abs(value - (b.data[i] ?? 0)));
  expect(Math.max(...differences)).toBeLessThanOrEqual(1);
});

it.each(["scene.png", "drawing"])("shows less of a seam in %s the more tiles overlap", async (name) => {
  const image = await seamless(name, { width: 110, height: 60 });
  const { engine } = await ENGINES.ort();
  const whole = await engine.upscale(image, clean(2));
  const decibels = async (tiling: Tiling) => psnr(await upscaleRgb(engine, image, clean(2), { tiling }), whole, 2);
  expect(await decibels({ size: 64, overlap: 16 })).toBeGreaterThan(50);
  expect(await decibels({ size: 64, overlap: 32 })).toBeGreaterThan(55);
});

it("loads a model when another was in its place, and only then, and again after one that cannot be loaded", async () => {
  const loaded: string[] = [];
  const ort = await import("onnxruntime-node");
  const created = vi.spyOn(ort.InferenceSession, "create");
  onTestFinished(() => created.mockRestore());
  const engine = createOrtEngine(ort, {
    loadModel(network) {
      loaded.push(`x${network.scale} ${network.variant}`);
      return network.scale === 2 ? readModel("onnx", network) : new Uint8Array(10);
    },
  });
  const run = async (scale: Scale, variant: Variant) => (await engine.upscale(drawing(8, 8), { scale, variant })).data;
  const first = await run(2, "clean");
  expect(await run(2, "web")).not.toEqual(first);
  await expect(run(3, "web")).rejects.toThrow();
  expect(await run(2, "web")).not.toEqual(first);
  expect(await run(2, "clean")).toEqual(first);
  expect(loaded).toEqual(["x2 clean", "x2 web", "x3 web", "x2 web", "x2 clean"]);
  // The session that was replaced has been released.
  const retired = await created.mock.results[0]?.value;
  const lr = new ort.Tensor("float32", new Float32Array(192), [1, 3, 8, 8]);
  await expect(retired.run({ lr })).rejects.toThrow();
});

it("reports a model that cannot be loaded as inference_failed, and keeps the reason", async () => {
  const engine = createOrtEngine(await import("onnxruntime-node"), { loadModel: () => new Uint8Array(10) });
  await expect(engine.upscale(drawing(8, 8), clean(2))).rejects.toMatchObject({
    code: "inference_failed",
    cause: expect.any(Error),
  });
});
