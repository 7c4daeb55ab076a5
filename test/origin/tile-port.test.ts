import { MessageChannel } from "node:worker_threads";
import { expect, it, vi } from "vitest";
import { type Rgb, VARIANTS } from "../../src/core/image.ts";
import { answerTiles, portEngine } from "../../src/origin/tile-port.ts";
import { clean } from "../unit/engine/clean.ts";

const tile = (value: number): Rgb => ({ width: 1, height: 1, data: new Uint8ClampedArray(3).fill(value) });

it("brings each answer to the tile it belongs to, whatever comes first", async () => {
  const { port1, port2 } = new MessageChannel();
  const engine = portEngine(port2);
  answerTiles(
    port1,
    async ({ data }) => {
      await new Promise((resolve) => setTimeout(resolve, 30 - (data[0] ?? 0)));
      return tile(100 + (data[0] ?? 0));
    },
    () => {},
  );
  const upscaled = await Promise.all([1, 20, 10].map((value) => engine.upscale(tile(value), clean(2))));
  expect(upscaled.map(({ data }) => data[0])).toEqual([101, 120, 110]);
  port1.close();
});

it("says which network a tile is for", async () => {
  const { port1, port2 } = new MessageChannel();
  const engine = portEngine(port2);
  const networks: unknown[] = [];
  answerTiles(
    port1,
    async (picture, network) => {
      networks.push(network);
      return picture;
    },
    () => {},
  );
  for (const variant of VARIANTS) await engine.upscale(tile(1), { scale: 3, variant });
  expect(networks).toEqual([
    { scale: 3, variant: "clean" },
    { scale: 3, variant: "web" },
  ]);
  port1.close();
});

it("tells one side that it failed, and the other why", async () => {
  const { port1, port2 } = new MessageChannel();
  const engine = portEngine(port2);
  const reasons: unknown[] = [];
  const reason = new Error("out of memory");
  answerTiles(
    port1,
    async () => {
      throw reason;
    },
    (cause) => reasons.push(cause),
  );
  await expect(engine.upscale(tile(1), clean(2))).rejects.toMatchObject({ code: "inference_failed" });
  expect(reasons).toEqual([reason]);
  port1.close();
});

it("is stopped as soon as that is said, though nothing else could be received since", () => {
  const { port1, port2 } = new MessageChannel();
  const engine = portEngine(port2);
  const stop = answerTiles(port1, vi.fn(), vi.fn());
  expect(engine.isStopped).toBe(false);
  stop();
  expect(engine.isStopped).toBe(true);
  port1.close();
});

it("stops an engine that waits, and one that has not begun to listen", async () => {
  for (const isEarly of [false, true]) {
    const { port1, port2 } = new MessageChannel();
    const stop = answerTiles(
      port1,
      () => new Promise(() => {}),
      () => {},
    );
    if (isEarly) stop();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const engine = portEngine(port2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const upscaled = engine.upscale(tile(1), clean(2));
    if (!isEarly) stop();
    await expect(upscaled).rejects.toMatchObject({ code: "inference_failed" });
    port1.close();
  }
});
