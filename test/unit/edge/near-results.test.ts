import { beforeEach, expect, it, vi } from "vitest";
import { nearResults } from "../../../src/edge/near-results.ts";
import type { ResultFacts, Results } from "../../../src/edge/results.ts";

const FACTS: ResultFacts = { format: "webp", engine: "simd", model: "ssiu-x2", sourceWidth: 20, sourceHeight: 10 };
const BYTES = Uint8Array.of(1, 2, 3);

let bucket: { [name in keyof Results]: ReturnType<typeof vi.fn<Results[name]>> };
let kept: Map<string, Response>;
let running: Promise<unknown>[];
let host: string | undefined;

const cache = {
  match: vi.fn(async (url: string) => {
    const found = kept.get(url);
    return found && new Response(await found.clone().arrayBuffer(), { headers: found.headers });
  }),
  put: vi.fn(async (url: string, response: Response) => {
    const { headers } = response;
    kept.set(url, new Response(await response.arrayBuffer(), { headers }));
  }),
};

/** The results as seen by one of many isolates of one location. */
function near(): Results {
  // The cast is needed because the fake takes only the kind of argument that is used.
  const waitUntil = (promise: Promise<unknown>) => void running.push(promise);
  return nearResults(bucket, { cache: cache as unknown as Cache, waitUntil, site: () => host });
}

const stored = () => ({ facts: FACTS, bytes: BYTES.length, body: new Blob([BYTES]).stream() });
const bytesOf = async (body: ReadableStream | Uint8Array | undefined) =>
  new Uint8Array(await new Response(body).arrayBuffer());

beforeEach(() => {
  kept = new Map();
  running = [];
  host = "https://images.example.com";
  cache.match.mockReset();
  cache.put.mockReset();
  bucket = {
    head: vi.fn(async () => ({ facts: FACTS, bytes: BYTES.length })),
    get: vi.fn(async (_, range?: string) => (range ? { ...stored(), range: { offset: 0, length: 1 } } : stored())),
    put: vi.fn(async () => true),
  };
});

it("gives what was read before without asking the bucket", async () => {
  const first = await near().get("r1/a/b");
  expect(first).toMatchObject({ facts: FACTS, bytes: 3 });
  expect(await bytesOf(first?.body)).toEqual(BYTES);
  await Promise.all(running);
  bucket.get.mockClear();

  const second = await near().get("r1/a/b");
  expect(second).toMatchObject({ facts: FACTS, bytes: 3 });
  expect(await bytesOf(second?.body)).toEqual(BYTES);
  expect(bucket.get).not.toHaveBeenCalled();
  expect([...kept.values()].map(({ headers }) => headers.get("cache-control"))).toEqual(["public, max-age=86400"]);

  await near().get("r1/a/c");
  expect(bucket.get).toHaveBeenCalled();
});

it("holds nothing of what a client is slow to take", async () => {
  let isTaken = false;
  const pull = (controller: ReadableStreamDefaultController) => {
    isTaken = true;
    controller.enqueue(BYTES);
    controller.close();
  };
  bucket.get.mockResolvedValueOnce({ ...stored(), body: new ReadableStream({ pull }, { highWaterMark: 0 }) });
  const found = await near().get("r1/a/b");
  await Promise.all(running);
  expect(kept.size).toBe(1);
  expect(isTaken).toBe(false);
  expect(await bytesOf(found?.body)).toEqual(BYTES);
});

it("keeps nothing that was deleted meanwhile", async () => {
  bucket.get.mockResolvedValueOnce(stored()).mockResolvedValueOnce(undefined);
  expect(await bytesOf((await near().get("r1/a/b"))?.body)).toEqual(BYTES);
  await Promise.all(running);
  expect(cache.put).not.toHaveBeenCalled();
});

it("gives what was written before, if it is what the bucket has", async () => {
  await near().put("r1/a/b", BYTES, FACTS);
  bucket.put.mockResolvedValueOnce(false);
  expect(await near().put("r1/a/c", Uint8Array.of(9), FACTS)).toBe(false);
  await Promise.all(running);
  expect(await bytesOf((await near().get("r1/a/b"))?.body)).toEqual(BYTES);
  expect(bucket.get).not.toHaveBeenCalled();
  expect(await bytesOf((await near().get("r1/a/c"))?.body)).toEqual(BYTES);
});

it("asks the bucket for parts and for what there is", async () => {
  await near().put("r1/a/b", BYTES, FACTS);
  await Promise.all(running);
  cache.match.mockClear();
  expect(await near().get("r1/a/b", "bytes=0-0")).toMatchObject({ range: { offset: 0, length: 1 } });
  expect(await near().head("r1/a/b")).toEqual({ facts: FACTS, bytes: 3 });
  expect(bucket.head).toHaveBeenCalledTimes(1);
  expect(cache.match).not.toHaveBeenCalled();
  expect(cache.put).toHaveBeenCalledTimes(1);
});

it("keeps up to 2 MB, whether they are read or written", async () => {
  const sizes = [2 * 2 ** 20, 2 * 2 ** 20 + 1];
  for (const size of sizes) {
    bucket.get.mockResolvedValueOnce({ ...stored(), bytes: size });
    await near().get(`r1/read/${size}`);
    await near().put(`r1/written/${size}`, new Uint8Array(size), FACTS);
  }
  await Promise.all(running);
  expect([...kept.keys()].map((url) => new URL(url).pathname)).toEqual([
    `/img/.near/r1/read/${sizes[0]}`,
    `/img/.near/r1/written/${sizes[0]}`,
  ]);
});

it("keeps nothing where there is nothing", async () => {
  bucket.get.mockResolvedValueOnce(undefined);
  expect(await near().get("r1/a/b")).toBeUndefined();
  expect(cache.put).not.toHaveBeenCalled();
});

it("reads nothing twice where the cache keeps nothing", async () => {
  cache.put.mockImplementation(async () => {});
  const results = near();
  // Each of three attempts to keep something costs a second read.
  for (const times of [2, 4, 6, 7, 8]) {
    expect(await bytesOf((await results.get("r1/a/b"))?.body)).toEqual(BYTES);
    await Promise.all(running);
    expect(bucket.get).toHaveBeenCalledTimes(times);
  }
  cache.match.mockClear();
  await results.get("r1/a/b");
  expect(cache.match).not.toHaveBeenCalled();
});

it("keeps them on the host that is asked, and nothing before one is", async () => {
  const results = near();
  host = undefined;
  await results.put("r1/a/b", BYTES, FACTS);
  host = "https://www.example.com";
  await results.put("r1/a/b", BYTES, FACTS);
  await Promise.all(running);
  expect([...kept.keys()]).toEqual(["https://www.example.com/img/.near/r1/a/b"]);
});

it("does without a cache that fails", async () => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  cache.match.mockRejectedValueOnce(new Error("broken"));
  cache.put.mockRejectedValueOnce(new Error("full"));
  expect(await bytesOf((await near().get("r1/a/b"))?.body)).toEqual(BYTES);
  await Promise.all(running);
  expect(logged.mock.calls.join()).toMatch(/broken.*full/s);
  logged.mockRestore();
});
