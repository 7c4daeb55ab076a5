import { expect, it } from "vitest";
import type { Rgb, Scale } from "../../src/core/image.ts";
import { type BatcherOptions, createBatcher } from "../../src/origin/batcher.ts";
import { clean } from "../unit/engine/clean.ts";

/** A tile that is identified by its first value. */
function tile(name: number, side = 16): Rgb {
  return { width: side, height: side, data: new Uint8ClampedArray(3 * side ** 2).fill(name) };
}

/** A batcher whose network is run by hand, on a clock that only moves when it is set. */
function setUp(options: Partial<BatcherOptions> = {}) {
  const batches: { readonly names: number[]; readonly scale: Scale; readonly finish: () => void }[] = [];
  const clock = { ms: 0 };
  const batcher = createBatcher({
    run: (tiles, { scale }) =>
      new Promise((resolve) => {
        batches.push({ names: tiles.map(({ data }) => data[0] ?? 0), scale, finish: () => resolve([...tiles]) });
      }),
    lanes: 1,
    batchTiles: 1,
    queueTiles: 100,
    tilePixels: 256,
    pixelsPerMs: 1,
    now: () => clock.ms,
    ...options,
  });
  return { batcher, batches, clock };
}

const soon = () => new Promise((resolve) => setImmediate(resolve));

const LONG = { tiles: 10, pixels: 2560, dueMs: 1e9 };

it("serves requests in turn: one tile does not wait for ten", async () => {
  const { batcher, batches } = setUp();
  const [large, small] = [batcher.admit(LONG), batcher.admit({ tiles: 1, pixels: 256, dueMs: 1e9 })];
  const all = Array.from({ length: 10 }, (_, i) => large.upscale(tile(i), clean(2)));
  const one = small.upscale(tile(100), clean(2));
  for (let done = 0; done < 11; done++) {
    batches[done]?.finish();
    await soon();
  }
  expect(batches.map(({ names }) => names)).toEqual([[0], [100], [1], [2], [3], [4], [5], [6], [7], [8], [9]]);
  expect((await one).data[0]).toBe(100);
  expect((await Promise.all(all)).map(({ data }) => data[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

it.each([
  ["width", { ...tile(1), width: 32 }, "clean"],
  ["height", { ...tile(1), height: 32 }, "clean"],
  ["model", tile(1), "web"],
] as const)("puts no tile of another %s into a batch", async (_, other, variant) => {
  const { batcher, batches } = setUp({ batchTiles: 2 });
  const ticket = batcher.admit(LONG);
  for (const name of [7, 0]) void ticket.upscale(tile(name), clean(2));
  void ticket.upscale(other, { scale: 2, variant });
  for (const done of [0, 1]) {
    batches[done]?.finish();
    await soon();
  }
  expect(batches.map(({ names }) => names)).toEqual([[7], [0], [1]]);
});

it("puts tiles of one size and scale into one batch, whoever they belong to, and no others", async () => {
  const { batcher, batches } = setUp({ batchTiles: 4 });
  const [a, b] = [batcher.admit(LONG), batcher.admit(LONG)];
  const tiles = [
    a.upscale(tile(0), clean(2)),
    a.upscale(tile(1), clean(2)),
    a.upscale(tile(2), clean(2)),
    a.upscale(tile(3, 32), clean(2)),
  ];
  tiles.push(b.upscale(tile(10), clean(2)), b.upscale(tile(11), clean(3)));
  for (let done = 0; done < 4; done++) {
    batches[done]?.finish();
    await soon();
  }
  expect(batches.map(({ names, scale }) => [scale, ...names])).toEqual([
    [2, 0],
    [2, 10, 1, 2],
    [3, 11],
    [2, 3],
  ]);
  await Promise.all(tiles);
});

it("runs as many batches at a time as there are lanes", async () => {
  const { batcher, batches } = setUp({ lanes: 2 });
  const ticket = batcher.admit(LONG);
  for (let i = 0; i < 5; i++) void ticket.upscale(tile(i), clean(2));
  expect(batches).toHaveLength(2);
  batches[1]?.finish();
  await soon();
  expect(batches).toHaveLength(3);
});

it("refuses what cannot be done in time, with the time to wait, and says what time and room there was for it", () => {
  const { batcher } = setUp({ queueTiles: 100 });
  expect(() => batcher.admit({ tiles: 4, pixels: 1024, dueMs: 1024 })).toThrow(
    expect.objectContaining({
      ...{ code: "overloaded", retryAfterSeconds: 1 },
      cause: "4 tiles, 1178 ms alone, 1024 ms left; 0 of 100 tiles are in",
    }),
  );
  batcher.admit({ tiles: 40, pixels: 10_240, dueMs: 1e6 });
  // The refusal above, with nothing admitted, made the batcher take the network for 5 % faster.
  expect(batcher.backlogMs).toBeCloseTo(10_240 / 1.05);
  expect(() => batcher.admit({ tiles: 40, pixels: 10_240, dueMs: 20_000 })).toThrow(
    expect.objectContaining({ code: "overloaded", retryAfterSeconds: 10 }),
  );
  batcher.admit({ tiles: 1, pixels: 256, dueMs: 1000 });
});

it("lets in what needs no tile, however many wait", () => {
  const { batcher } = setUp({ queueTiles: 4 });
  batcher.admit(LONG);
  expect(() => batcher.admit({ ...LONG, tiles: 4 })).toThrow(expect.objectContaining({ code: "overloaded" }));
  batcher.admit({ ...LONG, tiles: 0, pixels: 0 });
});

it("does not believe for ever that it is too slow, whatever was seen at the start", () => {
  const { batcher } = setUp({ pixelsPerMs: 0.5 });
  const large = { tiles: 40, pixels: 100_000, dueMs: 60_000 };
  const refused = { code: "overloaded" };
  for (let i = 0; i < 28; i++) expect(() => batcher.admit(large)).toThrow(expect.objectContaining(refused));
  batcher.admit(large).close();
  // Refusing requests that are too late anyway does not make it believe that it is faster than that.
  for (let i = 0; i < 10_000; i++) {
    expect(() => batcher.admit({ ...large, dueMs: 0 })).toThrow(expect.objectContaining(refused));
  }
  batcher.admit(large);
  expect(batcher.backlogMs).toBeGreaterThan(50_000 / 1.15);
});

it("lets a large picture in alone, whoever is in that needs no tile", () => {
  const { batcher } = setUp({ queueTiles: 4 });
  batcher.admit({ ...LONG, tiles: 0, pixels: 0 });
  batcher.admit(LONG);
  expect(() => batcher.admit({ ...LONG, tiles: 1 })).toThrow(expect.objectContaining({ code: "overloaded" }));
});

it("counts on all lanes", () => {
  const { batcher } = setUp({ lanes: 2 });
  batcher.admit({ tiles: 4, pixels: 1600, dueMs: 1000 });
  expect(batcher.backlogMs).toBe(800);
});

it("sends nobody away for longer than a minute", () => {
  const { batcher } = setUp();
  batcher.admit({ ...LONG, pixels: 100_000 });
  expect(() => batcher.admit({ ...LONG, dueMs: 1000 })).toThrow(expect.objectContaining({ retryAfterSeconds: 60 }));
});

it("refuses what would make somebody late who was admitted before", () => {
  const { batcher } = setUp();
  batcher.admit({ tiles: 4, pixels: 1000, dueMs: 1500 });
  expect(() => batcher.admit({ tiles: 40, pixels: 10_000, dueMs: 1e9 })).toThrow("Expected time and room");
  batcher.admit({ tiles: 1, pixels: 256, dueMs: 1e9 });
});

it("does not refuse anybody for the sake of one who is late already", () => {
  const { batcher, clock } = setUp();
  batcher.admit({ tiles: 4, pixels: 1000, dueMs: 1500 });
  clock.ms = 1400;
  batcher.admit({ tiles: 4, pixels: 1000, dueMs: 1e9 });
});

/** Runs tiles of one request one after another, each in `ms`. */
async function work({ batcher, batches, clock }: ReturnType<typeof setUp>, ms: number, tiles = 10): Promise<void> {
  const ticket = batcher.admit({ ...LONG, tiles });
  for (let i = 0; i < tiles; i++) {
    void ticket.upscale(tile(i), clean(2));
    clock.ms += ms;
    batches[i]?.finish();
    await soon();
  }
  ticket.close();
}

it("learns how fast the network is", async () => {
  const network = setUp();
  const { batcher, clock } = network;
  const short = () => batcher.admit({ tiles: 1, pixels: 256, dueMs: clock.ms + 100 });
  expect(short).toThrow();
  await work(network, 25.6);
  short();
});

it("does not learn from many small tiles what a whole one takes", async () => {
  const network = setUp({ tilePixels: 20_736 });
  const { batcher, clock } = network;
  await work(network, 2560, 40);
  batcher.admit({ tiles: 1, pixels: 20_736, dueMs: clock.ms + 2 * 20_736 });
});

it("learns from thin tiles as from the 16 px that the network makes of them", async () => {
  const { batcher, batches, clock } = setUp();
  const ticket = batcher.admit({ tiles: 40, pixels: 40 * 256, dueMs: 1e9 });
  for (let i = 0; i < 40; i++) {
    void ticket.upscale({ width: 1, height: 16, data: new Uint8ClampedArray(48) }, clean(2));
    clock.ms += 256;
    batches[i]?.finish();
    await soon();
  }
  ticket.close();
  batcher.admit({ tiles: 1, pixels: 2560, dueMs: clock.ms + 3000 });
});

it("learns from many tiles that go through together no more than from one", async () => {
  const { batcher, batches, clock } = setUp({ batchTiles: 20 });
  const ticket = batcher.admit({ tiles: 20, pixels: 20 * 256, dueMs: 1e9 });
  for (let i = 0; i < 20; i++) void ticket.upscale(tile(i), clean(2));
  // The first tile goes alone, as fast as guessed, and the others together, twice as fast.
  for (const [done, pixels] of [256, (19 * 256) / 2].entries()) {
    clock.ms += pixels;
    batches[done]?.finish();
    await soon();
  }
  batcher.admit({ tiles: 1, pixels: 1100, dueMs: 1e9 });
  expect(batcher.backlogMs).toBeCloseTo(1000);
});

it("tries again, after some refusals, what it has come to think too slow for", async () => {
  const network = setUp();
  const { batcher, clock } = network;
  const admit = () => batcher.admit({ tiles: 1, pixels: 256, dueMs: clock.ms + 500 });
  await work(network, 2560);
  let refused = 0;
  for (; refused < 100; refused++) {
    try {
      admit();
      break;
    } catch {}
  }
  expect(refused).toBeGreaterThan(1);
  expect(refused).toBeLessThan(10);
});

it("holds no more tiles than it may, but takes a large picture when it is idle", () => {
  const { batcher } = setUp({ queueTiles: 5 });
  const ticket = batcher.admit(LONG);
  expect(() => batcher.admit({ tiles: 1, pixels: 256, dueMs: 1e9 })).toThrow(
    expect.objectContaining({ code: "overloaded" }),
  );
  ticket.close();
  batcher.admit({ tiles: 3, pixels: 256, dueMs: 1e9 });
  batcher.admit({ tiles: 2, pixels: 256, dueMs: 1e9 });
  expect(batcher.tiles).toBe(5);
});

it("expects no less than nothing of a request that asks for more tiles than it said, as for transparency", async () => {
  const { batcher } = setUp({ run: async (tiles) => [...tiles] });
  const ticket = batcher.admit({ tiles: 1, pixels: 256, dueMs: 1e9 });
  for (const name of [1, 2]) await ticket.upscale(tile(name), clean(2));
  batcher.admit({ tiles: 1, pixels: 256, dueMs: 1e9 });
  expect([batcher.tiles, Math.sign(batcher.backlogMs)]).toEqual([1, 1]);
});

it("expects nothing more of a request whose tiles are done, though they were smaller than it said", async () => {
  const { batcher } = setUp({ run: async (tiles) => [...tiles] });
  const ticket = batcher.admit({ tiles: 2, pixels: 2048, dueMs: 1e9 });
  const backlogs: number[] = [];
  for (const name of [1, 2]) {
    await ticket.upscale(tile(name), clean(2));
    backlogs.push(batcher.backlogMs);
  }
  expect(backlogs.map(Math.sign)).toEqual([1, 0]);
});

it("does not doubt what it has learned for refusals while it is busy", async () => {
  const network = setUp();
  const { batcher, clock } = network;
  await work(network, 2560);
  batcher.admit(LONG);
  const { backlogMs } = batcher;
  for (let i = 0; i < 20; i++) expect(() => batcher.admit({ ...LONG, dueMs: clock.ms + 500 })).toThrow("Expected time");
  expect(batcher.backlogMs).toBe(backlogMs);
});

it("drops the tiles of a request that is closed", async () => {
  const { batcher, batches } = setUp();
  const [gone, stays] = [batcher.admit(LONG), batcher.admit(LONG)];
  const lost = Array.from({ length: 3 }, (_, i) => gone.upscale(tile(i), clean(2)));
  void stays.upscale(tile(50), clean(2));
  const reason = new Error("gone");
  gone.close(reason);
  await expect(lost[1]).rejects.toBe(reason);
  await expect(lost[2]).rejects.toBe(reason);
  await expect(gone.upscale(tile(9), clean(2))).rejects.toBe(reason);
  batches[0]?.finish();
  await soon();
  expect(batches.map(({ names }) => names)).toEqual([[0], [50]]);
  expect(batcher.tiles).toBe(10);
});

it("closes a request once, and no other in its place", () => {
  const { batcher } = setUp();
  const [gone, stays] = [batcher.admit(LONG), batcher.admit({ ...LONG, tiles: 3 })];
  gone.close();
  gone.close();
  expect(batcher.tiles).toBe(3);
  stays.close();
  expect(batcher.tiles).toBe(0);
});

it("fails a tile that the network has left out", async () => {
  const { batcher } = setUp({ run: async (tiles) => tiles.slice(1), batchTiles: 2, lanes: 1 });
  const upscaled = batcher.admit(LONG).upscale(tile(0), clean(2));
  await expect(upscaled).rejects.toThrow("Expected 1 tiles, got 0");
});

it("goes on after a batch that failed", async () => {
  let fails = true;
  const { batcher } = setUp({
    run: async (tiles) => {
      if (fails) throw new Error("out of memory");
      return [...tiles];
    },
  });
  const ticket = batcher.admit(LONG);
  await expect(ticket.upscale(tile(0), clean(2))).rejects.toMatchObject({ code: "inference_failed" });
  fails = false;
  expect((await ticket.upscale(tile(1), clean(2))).data[0]).toBe(1);
});

it("tells how long the network has been at its oldest batch", async () => {
  const { batcher, batches, clock } = setUp({ lanes: 2 });
  const ticket = batcher.admit(LONG);
  expect(batcher.oldestBatchMs).toBe(0);
  void ticket.upscale(tile(0), clean(2));
  clock.ms = 70;
  void ticket.upscale(tile(1), clean(2));
  clock.ms = 100;
  expect(batcher.oldestBatchMs).toBe(100);
  void ticket.upscale(tile(2), clean(2));
  batches[1]?.finish();
  await soon();
  expect(batcher.oldestBatchMs).toBe(100);
  batches[0]?.finish();
  await soon();
  expect(batcher.oldestBatchMs).toBe(0);
});
