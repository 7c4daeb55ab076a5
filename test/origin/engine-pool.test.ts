import { beforeEach, expect, it, vi } from "vitest";
import { openEngine } from "../../src/origin/engine-pool.ts";

// Which provider is chosen among fakes that are fast, slow or missing.

const threads = vi.hoisted(() => ({
  /** Milliseconds that a tile takes with each provider; the others are missing. */
  ms: {} as Readonly<Record<string, number>>,
  ended: [] as string[],
  clock: 0,
}));

vi.mock("piscina", async (load) => ({
  ...(await load<object>()),
  Piscina: class {
    readonly #provider: string;
    constructor({ workerData }: { workerData: { provider: string } }) {
      this.#provider = workerData.provider;
    }
    async run({ tiles }: { tiles: readonly unknown[] }) {
      const ms = threads.ms[this.#provider];
      if (ms === undefined) throw new Error("no such device");
      threads.clock += ms;
      return tiles;
    }
    async destroy() {
      threads.ended.push(this.#provider);
    }
  },
}));

beforeEach(() => {
  threads.ended = [];
  vi.spyOn(performance, "now").mockImplementation(() => threads.clock);
  return () => vi.restoreAllMocks();
});

it.each<[ms: Readonly<Record<string, number>>, provider: string, missing: string[], slower: string[]]>([
  [{ cpu: 1, simd: 2 }, "cpu", ["cuda", "webgpu"], ["simd"]],
  [{ cpu: 2, simd: 1 }, "simd", ["cuda", "webgpu"], ["cpu"]],
  [{ simd: 1 }, "simd", ["cuda", "webgpu", "cpu"], []],
  [{ webgpu: 3, cpu: 1 }, "webgpu", ["cuda"], []],
  [{ tensorrt: 1, cuda: 2, webgpu: 1 }, "cuda", [], []],
])(
  "takes of %j by itself %s, says which do not work, and ends the threads of all others",
  async (ms, provider, missing, slower) => {
    threads.ms = ms;
    const unavailable: string[] = [];
    const pool = await openEngine({ provider: "auto", workers: 2, batchTiles: 8 }, (name) => unavailable.push(name));
    expect([pool.provider, unavailable, threads.ended]).toEqual([provider, missing, [...missing, ...slower]]);
  },
);

it("takes no other than the one that is asked for", async () => {
  threads.ms = { cpu: 1 };
  const open = openEngine({ provider: "simd", workers: 1, batchTiles: 1 }, () => {});
  await expect(open).rejects.toThrow("Expected a provider that works here for PROVIDER, got simd");
});

it.each([
  ["simd", { lanes: 2, batchTiles: 1 }],
  ["cuda", { lanes: 1, batchTiles: 8 }],
] as const)("has threads or batches by what is faster on %s: %o", async (provider, pool) => {
  threads.ms = { [provider]: 1 };
  expect(await openEngine({ provider, workers: 2, batchTiles: 8 }, () => {})).toMatchObject(pool);
});

it("begins with nothing once it is wanted no more, and blames no provider for it", async () => {
  threads.ms = { cpu: 1 };
  const onUnavailable = vi.fn();
  const signal = AbortSignal.abort(new Error("gone"));
  const open = openEngine({ provider: "auto", workers: 1, batchTiles: 1, signal }, onUnavailable);
  await expect(open).rejects.toThrow("gone");
  expect([onUnavailable.mock.calls, threads.ended]).toEqual([[], ["cuda"]]);
});
