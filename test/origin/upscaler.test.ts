import { expect, it } from "vitest";
import { parseTransform } from "../../src/core/transform.ts";
import { readManifest } from "../../src/engine/node-engines.ts";
import { createBatcher } from "../../src/origin/batcher.ts";
import { parseConfig } from "../../src/origin/config.ts";
import { createDeadline } from "../../src/origin/deadline.ts";
import { createMetrics } from "../../src/origin/metrics.ts";
import { createUpscaler, inspect, type Running } from "../../src/origin/upscaler.ts";
import { scene } from "./pictures.ts";

const quickBatcher = () =>
  createBatcher({
    run: async (tiles) => [...tiles],
    lanes: 1,
    batchTiles: 1,
    queueTiles: 10,
    tilePixels: 256,
    pixelsPerMs: 1e6,
    now: () => 0,
  });

/** An upscaler whose encoder reports `encodeMs` and ends when `encoded` resolves. */
async function setUp(batcher = quickBatcher()) {
  const state: { encodeMs: number; encoded: Promise<void> } = { encodeMs: 0, encoded: Promise.resolve() };
  const render: Running["pictures"]["render"] = async () => {
    const steps = { encode: state.encodeMs };
    await state.encoded;
    return { data: new Uint8Array(1), model: "x2-clean", serverTiming: "", steps };
  };
  const running: Running = {
    engine: { provider: "cpu", tiling: { size: 144, overlap: 16 } },
    batcher,
    pictures: { render, oldestMs: 0 },
  };
  const metrics = createMetrics({ queueTiles: () => 0 });
  const upscale = createUpscaler({ metrics, pixelWorkers: 2, now: () => 0 });
  const bytes = new Uint8Array(await scene(600, 600).png().toBuffer());
  const [{ limits }, findModel] = [parseConfig({}), await readManifest()];
  return async (ops: string, encodeMs: number, encoded = Promise.resolve()) => {
    Object.assign(state, { encodeMs, encoded });
    const deadline = createDeadline(30_000, 0, new AbortController().signal);
    const source = inspect(bytes, parseTransform(ops), { limits, findModel });
    return await upscale(running, source, deadline).finally(() => deadline.clear());
  };
}

it("does not take the time that every result needs for time that grows with it", async () => {
  const upscale = await setUp();
  for (let i = 0; i < 20; i++) await upscale("w=1,f=png", 5);
  await upscale("x1,f=png", 5);
});

it("has a place kept for all tiles of a picture, and for what the network makes of them", async () => {
  const batcher = quickBatcher();
  const upscaled = (await setUp(batcher))("x2,f=png", 5);
  // 600 px are four tiles of 144 px and one of 88 px, padded to 96 px, in both directions.
  expect([batcher.tiles, batcher.backlogMs]).toEqual([5 ** 2, (4 * 144 + 96) ** 2 / 1e6]);
  await upscaled;
});

it("gives its place back to the next when it is done", async () => {
  const upscale = await setUp();
  for (let i = 0; i < 2; i++) await upscale("x2,f=png", 5);
});

it("refuses what would be encoded too late, and tries it again after some refusals", async () => {
  const upscale = await setUp();
  await upscale("x1,f=png", 400_000);
  await expect(upscale("x1,f=png", 5)).rejects.toThrow("Expected time and room");
  for (let i = 0; i < 10; i++) await upscale("x1,f=png", 5).catch(() => {});
  await upscale("x1,f=png", 5);
});

it("has nobody wait for those who have gone", async () => {
  const upscale = await setUp();
  await upscale("x1,f=png", 400_000);
  const ends: (() => void)[] = [];
  const encoded = () => new Promise<void>((resolve) => ends.push(resolve));
  const running = [100, 100, 250].map((width) => upscale(`x1,w=${width},f=png`, 5, encoded()));
  // Subtracting each time from their sum leaves a rounding error.
  for (const i of [0, 1, 2]) {
    ends[i]?.();
    await running[i];
  }
  for (let i = 0; i < 10; i++) await upscale("x1,f=png", 5).catch(() => {});
  await upscale("x1,f=png", 5);
});

it("refuses what would wait too long for others to be encoded, of which each thread does one at a time", async () => {
  const upscale = await setUp();
  let end = () => {};
  const encoded = new Promise<void>((resolve) => {
    end = resolve;
  });
  // The first guess is 17 s per picture; there are two threads and a deadline of 30 s.
  const large = "x1,w=2400,f=avif";
  const running = [upscale(large, 17_000, encoded), upscale(large, 17_000, encoded)];
  await expect(upscale(large, 17_000)).rejects.toThrow("Expected time and room");
  end();
  await Promise.all(running);
  await upscale(large, 17_000);
});
