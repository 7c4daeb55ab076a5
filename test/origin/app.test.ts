import { expect, it, onTestFinished, vi } from "vitest";
import { toBase64Url } from "../../src/core/base64url.ts";
import { parseKeyring } from "../../src/core/keyring.ts";
import { contentDigest, originSigningText } from "../../src/core/origin-request.ts";
import { readManifest } from "../../src/engine/node-engines.ts";
import { createOriginApp } from "../../src/origin/app.ts";
import { createBatcher } from "../../src/origin/batcher.ts";
import { parseConfig } from "../../src/origin/config.ts";
import type { Deadline } from "../../src/origin/deadline.ts";
import { createMetrics } from "../../src/origin/metrics.ts";
import { bodyLength } from "../../src/origin/signed-request.ts";
import type { RunTiles } from "../../src/origin/tiles.ts";
import { fixture } from "../fixtures/read.ts";
import { clean } from "../unit/engine/clean.ts";

const keyring = parseKeyring("test:a-secret-of-the-tests", "KEYS");

const never = () => new Promise<never>(() => {});

/** The app before or after the models are loaded; by default its network never answers. */
async function setUp(
  isLoaded: boolean,
  { run = never, DEADLINE_MS = "60000" }: { run?: RunTiles; DEADLINE_MS?: string } = {},
) {
  const clock = { ms: 0 };
  const batcher = createBatcher({
    run,
    lanes: 1,
    batchTiles: 1,
    queueTiles: 10,
    tilePixels: 256,
    pixelsPerMs: 1,
    now: () => clock.ms,
  });
  const pictures = { render: ({ deadline }: { deadline: Deadline }) => deadline.race(never()), oldestMs: 0 };
  const engine = { provider: "cuda", tiling: { size: 32, overlap: 0 } } as const;
  const state = { isDraining: false };
  const { limits } = parseConfig({ DEADLINE_MS });
  const app = createOriginApp({
    limits,
    queueTiles: 10,
    pixelWorkers: 2,
    keyring,
    findModel: await readManifest(),
    metrics: createMetrics({ queueTiles: () => batcher.tiles }),
    running: () => (isLoaded ? { engine, batcher, pictures } : undefined),
    isDraining: () => state.isDraining,
    now: () => clock.ms,
    date: () => 0,
  });
  return { app, batcher, pictures, clock, state };
}

it("is alive but not ready before the models are loaded", async () => {
  const { app } = await setUp(false);
  expect((await app.request("/healthz")).status).toBe(200);
  expect((await app.request("/readyz")).status).toBe(503);
});

/** A request for a picture, signed at `timestamp`. */
async function signed(timestamp: number, others = {}): Promise<[pathAndQuery: string, init: RequestInit]> {
  const body = new Uint8Array(fixture("rgb-8.png"));
  const [pathAndQuery, digest] = ["/v1/upscale?x1", await contentDigest(body)];
  const signature = await keyring.sign(originSigningText({ pathAndQuery, digest, timestamp }));
  const headers = {
    "Content-Digest": digest,
    "X-SSIU-Timestamp": `${timestamp}`,
    "X-SSIU-Key-Id": keyring.id,
    "X-SSIU-Signature": toBase64Url(signature),
    ...others,
  };
  return [pathAndQuery, { method: "POST", body, headers }];
}

it("says when the models may be loaded to whoever asks for a picture before", async () => {
  const { app } = await setUp(false);
  const answer = await app.request(...(await signed(0)));
  expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "10"]);
  expect(await answer.json()).toMatchObject({ code: "overloaded" });
});

it("names the clock where it refuses a signature, as the key may be right", async () => {
  const { app } = await setUp(true);
  const answer = await app.request(...(await signed(301)));
  expect(answer.status).toBe(403);
  expect(await answer.json()).toMatchObject({ detail: expect.stringContaining("five minutes of the clock here") });
});

it.each([
  ["20", 20],
  ["100", 50],
])("gives a request that asks for %s ms, where any may have 50, %i", async (header, ms) => {
  const { app } = await setUp(true, { DEADLINE_MS: "50" });
  const answer = await app.request(...(await signed(0, { "X-SSIU-Deadline-Ms": header })));
  expect(await answer.json()).toMatchObject({ status: 504, detail: `Expected ${ms} ms at most for a picture` });
});

it.each<[Record<string, string>, number]>([
  [{ "Content-Length": "7" }, 7],
  [{ "Content-Length": "11" }, 10],
  [{}, 10],
])("makes room for a body of at most 10 that is announced with %j: %i", (headers, room) => {
  expect(bodyLength(new Headers(headers), 10)).toBe(room);
});

it("is done with a client that has gone before its body, which is too large, is read", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { app } = await setUp(true);
  const [path, request] = await signed(0, { "Content-Length": "30000000" });
  // An unhandled rejection would fail the test run, and end the program in production.
  expect((await app.request(path, { ...request, signal: AbortSignal.abort() })).status).toBe(499);
  expect(vi.getTimerCount()).toBe(0);
});

it.each(["/healthz", "/readyz", "/metrics"])("%s is kept by no cache", async (path) => {
  const { app } = await setUp(true);
  const { status, headers } = await app.request(path);
  expect([status, headers.get("Cache-Control")]).toEqual([200, "no-store"]);
});

it.each([
  ["POST", "/healthz", "GET, HEAD"],
  ["DELETE", "/readyz", "GET, HEAD"],
  ["PUT", "/metrics", "GET, HEAD"],
  ["GET", "/v1/upscale?x2", "POST"],
])("%s %s is not allowed", async (method, path, allow) => {
  const { app } = await setUp(true);
  const { status, headers } = await app.request(path, { method });
  expect([status, headers.get("Allow")]).toEqual([405, allow]);
});

it("says of another path which there are", async () => {
  const { app } = await setUp(true);
  const answer = await app.request("/v1/nothing");
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({ code: "not_found", detail: expect.stringContaining("/v1/upscale") });
});

it("is ready while its queue is full, but not when it is about to end", async () => {
  const { app, batcher, state } = await setUp(true);
  batcher.admit({ tiles: 10, pixels: 1, dueMs: 1e9 });
  const full = await app.request("/readyz");
  expect(full.status).toBe(200);
  expect(await full.json()).toMatchObject({ ready: true, provider: "cuda", queue: { tiles: 10, limit: 10 } });
  state.isDraining = true;
  expect((await app.request("/readyz")).status).toBe(503);
});

it("asks to be started again when the network hangs", async () => {
  const { app, batcher, clock } = await setUp(true);
  const tile = { width: 1, height: 1, data: new Uint8ClampedArray(3) };
  void batcher.admit({ tiles: 1, pixels: 1, dueMs: 1e9 }).upscale(tile, clean(2));
  clock.ms = 59_000;
  expect((await app.request("/healthz")).status).toBe(200);
  clock.ms = 61_000;
  expect((await app.request("/healthz")).status).toBe(503);
});

it("asks to be started again when a codec has gone on for as long again after its time", async () => {
  const { app, pictures } = await setUp(true);
  pictures.oldestMs = 120_000;
  expect((await app.request("/healthz")).status).toBe(200);
  pictures.oldestMs = 120_001;
  expect((await app.request("/healthz")).status).toBe(503);
});

it("asks to be started again, and for no more, when the network fails again and again", async () => {
  const state = { isBroken: true };
  const { app, batcher } = await setUp(true, {
    run: async (tiles) => {
      if (state.isBroken) throw new Error("device lost");
      return [...tiles];
    },
  });
  const tile = { width: 1, height: 1, data: new Uint8ClampedArray(3) };
  const upscale = () => batcher.admit({ tiles: 1, pixels: 1, dueMs: 1e9 }).upscale(tile, clean(2));
  for (let i = 0; i < 4; i++) await expect(upscale()).rejects.toThrow("could not be upscaled");
  expect((await app.request("/healthz")).status).toBe(200);
  await expect(upscale()).rejects.toThrow("could not be upscaled");
  expect((await app.request("/healthz")).status).toBe(503);
  expect((await app.request("/readyz")).status).toBe(503);
  state.isBroken = false;
  await upscale();
  expect((await app.request("/healthz")).status).toBe(200);
});
