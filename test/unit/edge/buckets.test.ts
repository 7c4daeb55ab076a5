import { Miniflare } from "miniflare";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { jobLists } from "../../../src/edge/jobs/job-lists.ts";
import { bucketVersions } from "../../../src/edge/last-known.ts";
import { bucketResults } from "../../../src/edge/results.ts";
import { assetSource, bucketSource } from "../../../src/edge/sources.ts";

// Our stores on a real R2, which may change between two of their calls.

const FACTS = { format: "png", engine: "fake", model: "fake-x2", sourceWidth: 1, sourceHeight: 1 } as const;

let miniflare: Miniflare;
let bucket: R2Bucket;
beforeAll(async () => {
  miniflare = new Miniflare({ modules: true, script: "export default {}", r2Buckets: ["BUCKET"] });
  // The same interface by the types of another package.
  bucket = (await miniflare.getR2Bucket("BUCKET")) as unknown as R2Bucket;
});
afterAll(() => miniflare.dispose());

it.each([
  ["replaced", () => bucket.put("a.png", "other")],
  ["deleted", () => bucket.delete("a.png")],
])("a source that is %s before it is read is not taken for what it was", async (_, change) => {
  await bucket.put("a.png", "bytes");
  const source = await bucketSource(bucket)("a.png", async () => {});
  await change();
  await expect(source?.read(100)).rejects.toMatchObject({ code: "source_changed", status: 503 });
});

it("a source waits for room for all of it before it is read, unless it is too large", async () => {
  await bucket.put("b.png", "bytes");
  const reserve = vi.fn(() => Promise.reject(new Error("no room")));
  const source = await bucketSource(bucket)("b.png", reserve);
  await expect(source?.read(4)).rejects.toMatchObject({ code: "source_too_large" });
  expect(reserve).not.toHaveBeenCalled();
  await expect(source?.read(5)).rejects.toThrow("no room");
  expect(reserve).toHaveBeenCalledExactlyOnceWith(5);
});

it("an asset is counted, and held to the limit", async () => {
  const fetch = async () => new Response("bytes", { headers: { ETag: '"1"' } });
  const reserve = vi.fn(async () => {});
  // A fake of only what is used.
  const open = assetSource({ fetch } as unknown as Fetcher, "samples/");
  const source = await open("samples/a.png", reserve);
  await expect(source?.read(4)).rejects.toMatchObject({ code: "source_too_large" });
  expect(await source?.read(5)).toHaveLength(5);
  expect(reserve).toHaveBeenCalledExactlyOnceWith(5);
  expect(await open("index.html", reserve)).toBeUndefined();
});

it.each(["HEAD", "GET"])("an asset is neither missing nor damaged where %s of it fails", async (failing) => {
  const fetch = async (_: URL, { method = "GET" }: RequestInit) =>
    new Response("bytes", { status: method === failing ? 500 : 200, headers: { ETag: '"1"' } });
  const open = assetSource({ fetch } as unknown as Fetcher, "samples/");
  const read = async () => (await open("samples/a.png", async () => {}))?.read(5);
  await expect(read()).rejects.toThrow("Expected an answer of the assets, got 500");
});

it("a result is never replaced", async () => {
  const results = bucketResults(bucket);
  expect(await results.put("r1/m/1", Uint8Array.of(1), FACTS)).toBe(true);
  expect(await results.put("r1/m/1", Uint8Array.of(2), FACTS)).toBe(false);
  const { body } = (await results.get("r1/m/1")) ?? {};
  expect(new Uint8Array(await new Response(body).arrayBuffer())).toEqual(Uint8Array.of(1));
});

it("a result that is damaged on its way is not stored", async () => {
  const damage = (key: string, _: Uint8Array, options: R2PutOptions) => bucket.put(key, "other", options);
  const results = bucketResults({ put: damage } as unknown as R2Bucket);
  await expect(results.put("r1/m/2", Uint8Array.of(1), FACTS)).rejects.toThrow("SHA-256");
  expect(await bucket.head("r1/m/2")).toBeNull();
});

describe("a version", () => {
  const ID = "https://example.com/a.png";
  const HOUR_MS = 3_600_000;

  function create() {
    const get = (key: string) => bucket.get(key);
    const head = (key: string) => bucket.head(key);
    const put = vi.fn((...[key, value, options]: [string, string, R2PutOptions?]) => bucket.put(key, value, options));
    const versions = bucketVersions({ get, head, put } as unknown as R2Bucket);
    return { ...versions, written: put };
  }
  const stored = async () => (await bucket.list({ prefix: "v1/" })).objects;

  beforeEach(async () => {
    await bucket.delete((await stored()).map(({ key }) => key));
  });

  it("is written only where it is another, and not in the place of one that was asked for later", async () => {
    const { get, put, written } = create();
    for (const [ms, version] of ["1", "1", "2"].entries()) await put(ID, version, ms);
    await put(ID, "1", 1);
    expect(await get(ID)).toBe("2");
    expect(await get("https://example.com/b.png")).toBeUndefined();
    expect(written).toHaveBeenCalledTimes(2);
  });

  it("that was taken away is not brought back by who asked before, only by who asks later", async () => {
    const { get, put, forget } = create();
    await put(ID, "1", 10);
    await forget(ID, 20);
    expect(await get(ID)).toBeUndefined();
    for (const version of ["1", "2"]) await put(ID, version, 19);
    expect(await get(ID)).toBeUndefined();
    await put(ID, "1", 21);
    expect(await get(ID)).toBe("1");
  });

  it("that is taken away while another is being written stays away", async () => {
    const { put, forget } = create();
    await put(ID, "1", 10);
    const slow = {
      get: (key: string) => bucket.get(key),
      async put(key: string, value: string, options: R2PutOptions) {
        await forget(ID, 20);
        return bucket.put(key, value, options);
      },
    };
    await bucketVersions(slow as unknown as R2Bucket).put(ID, "2", 15);
    expect(await create().get(ID)).toBeUndefined();
  });

  it("that was taken away twice is not brought back by who asked between", async () => {
    const { get, put, forget } = create();
    await put(ID, "1", 10);
    await forget(ID, 20);
    await forget(ID, 2 * HOUR_MS);
    await put(ID, "2", HOUR_MS);
    expect(await get(ID)).toBeUndefined();
    const slow = {
      get: (key: string) => bucket.get(key),
      async put(key: string, value: string, options: R2PutOptions) {
        await forget(ID, 3 * HOUR_MS);
        return bucket.put(key, value, options);
      },
    };
    await bucketVersions(slow as unknown as R2Bucket).put(ID, "2", 2 * HOUR_MS + 1);
    expect(await get(ID)).toBeUndefined();
  });

  it("that was taken away leaves a note, and what never had one leaves none", async () => {
    const { put, forget } = create();
    await forget(ID, 0);
    expect(await stored()).toEqual([]);
    await put(ID, "1", 0);
    await forget(ID, 1);
    expect(await stored()).toHaveLength(1);
  });
});

it("jobs without a result are listed page by page, those of each end apart", async () => {
  const list: R2Bucket["list"] = (options) => bucket.list({ ...options, limit: 2 });
  const put = (key: string) => bucket.put(key, "");
  const remove = (keys: string[]) => bucket.delete(keys);
  const jobs = jobLists({ list, put, delete: remove } as unknown as R2Bucket);
  for (const id of ["1", "2", "3"]) await jobs.add("dead", id);
  await jobs.add("failed", "4");
  const first = await jobs.read("dead");
  expect(first.ids).toEqual(["1", "2"]);
  expect(await jobs.read("dead", first.cursor)).toEqual({ ids: ["3"], cursor: undefined });
  await jobs.remove("4");
  expect(await jobs.read("failed")).toEqual({ ids: [], cursor: undefined });
});
