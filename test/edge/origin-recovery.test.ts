import { once } from "node:events";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { answer, cut, type FaultProxy, hangUp, slow, startFaultProxy, withBody } from "../fault-proxy.ts";
import { freePort } from "../free-port.ts";
import { ORIGIN_KEYS, startOrigin, type TestOrigin } from "../origin/origin.ts";
import { pattern, pixels } from "./pictures.ts";
import { startWorker, type TestWorker } from "./worker.ts";

// How the origin client handles failures: it tries again at once, later, or not at all.

const DEADLINE_MS = 6000;
/** Bound for an answer that comes without waiting; generous, because the machine may be busy. */
const AT_ONCE_MS = 4000;

const VARS = { ORIGIN_KEYS, ORIGIN_DEADLINE_MS: `${DEADLINE_MS}`, EDGE_INPUT_PIXELS: "1000" };

let port: number;
let origin: TestOrigin;
let proxy: FaultProxy;
let worker: TestWorker;

beforeAll(async () => {
  port = await freePort();
  origin = await startOrigin({ PORT: `${port}`, WORKERS: "1" });
  proxy = await startFaultProxy(origin.url);
  worker = await startWorker({ vars: { ...VARS, ORIGIN_URL: proxy.url } });
});
afterAll(async () => {
  await worker.stop();
  await proxy.stop();
  await origin.stop();
});

// Each test has its own source, and ends with a right answer so that the isolate remembers no failure.
let source = "";
let path = "";
beforeEach(async ({ task }) => {
  source = `${task.id}.png`;
  path = `/img/x2/${source}`;
  await worker.putSource(source, await pattern().png().toBuffer());
});

/** Sends one request and measures its time and how often the origin was asked. */
async function observe() {
  const [start, before] = [performance.now(), proxy.requests()];
  const { status, headers, body } = await worker.get(path);
  return { status, headers, body, ms: performance.now() - start, attempts: proxy.requests() - before };
}

async function expectRight({ status, body }: { status: number; body: Uint8Array }): Promise<void> {
  expect(status).toBe(200);
  expect((await pixels(body)).info).toMatchObject({ width: 96, height: 64 });
}

describe("a second attempt", () => {
  it.each([
    ["the connection ended", hangUp],
    ["the answer was cut off", cut],
    ["502", answer(502, {})],
    ["503", answer(503, {})],
    ["504", answer(504, {})],
  ])("helps after one failure: %s", async (_, fault) => {
    proxy.inject(fault);
    const observed = await observe();
    await expectRight(observed);
    expect(observed.attempts).toBe(2);
  });

  it("is made when the origin wants it to be, if that is in time", async () => {
    proxy.inject(answer(503, { "Retry-After": "1" }));
    const observed = await observe();
    await expectRight(observed);
    expect(observed.attempts).toBe(2);
    expect(observed.ms).toBeGreaterThanOrEqual(1000);
  });

  it("is left to the client, who is told when, if it would be too late", async () => {
    proxy.inject(answer(503, { "Retry-After": "60" }));
    const observed = await observe();
    expect(observed).toMatchObject({ status: 503, attempts: 1 });
    expect(observed.headers.get("retry-after")).toBe("60");
    expect(new TextDecoder().decode(observed.body)).toContain("busy, still starting or too slow");
    expect(observed.ms).toBeLessThan(AT_ONCE_MS);
    await expectRight(await observe());
  });
});

it("waits for an origin that is slow but in time", async () => {
  proxy.inject(slow(1000));
  const observed = await observe();
  await expectRight(observed);
  expect(observed).toMatchObject({ attempts: 1 });
});

describe("after five failures in a row", () => {
  it("does not ask for a while, and says for how long; then a probe finds the origin healthy", async () => {
    proxy.inject(...Array<typeof hangUp>(5).fill(hangUp));
    expect(await observe()).toMatchObject({ status: 502, attempts: 2 });
    expect(await observe()).toMatchObject({ status: 502, attempts: 2 });
    expect(await observe()).toMatchObject({ status: 502, attempts: 1 });

    const refused = await observe();
    expect(refused).toMatchObject({ status: 503, attempts: 0 });
    expect(refused.ms).toBeLessThan(AT_ONCE_MS);
    const pause = Number(refused.headers.get("retry-after"));
    expect(pause).toBeGreaterThanOrEqual(1);
    expect(pause).toBeLessThanOrEqual(10);

    await new Promise((resolve) => setTimeout(resolve, 1000 * pause));
    await expectRight(await observe());
    await worker.putSource(source, await pattern(50, 32).png().toBuffer());
    expect(await observe()).toMatchObject({ status: 200, attempts: 1 });
  });

  it.each([
    ["that say it is busy", answer(503, { "Retry-After": "60" }), 503],
    ["that blame the picture", answer(415, {}, JSON.stringify({ code: "unsupported_format" })), 415],
  ])("goes on asking after answers %s: it works", async (_, fault, status) => {
    for (let i = 0; i < 6; i++) {
      proxy.inject(fault);
      expect(await observe()).toMatchObject({ status, attempts: 1 });
    }
    await expectRight(await observe());
  });
});

it("answers 502 at once when nobody listens where the origin should be", async () => {
  const lonely = await startWorker({ vars: { ...VARS, ORIGIN_URL: `http://127.0.0.1:${await freePort()}` } });
  await lonely.putSource("a.png", await pattern().png().toBuffer());
  const start = performance.now();
  expect((await lonely.get("/img/x2/a.png")).status).toBe(502);
  expect(performance.now() - start).toBeLessThan(AT_ONCE_MS);
  expect(await lonely.storedKeys()).toEqual([]);
  await lonely.stop();
});

describe("an origin whose process", () => {
  it("is stopped: 504 at the deadline, and right again once it goes on", async () => {
    const before = await worker.storedKeys();
    origin.process.kill("SIGSTOP");
    const observed = await observe().finally(() => origin.process.kill("SIGCONT"));
    expect(observed).toMatchObject({ status: 504, attempts: 1 });
    expect(observed.ms).toBeGreaterThan(0.9 * DEADLINE_MS);
    expect(observed.ms).toBeLessThan(DEADLINE_MS + AT_ONCE_MS);
    expect(await worker.storedKeys()).toEqual(before);
    await expectRight(await observe());
  });

  it("is killed while it computes: 502 at once, and right again once there is another", async () => {
    const before = await worker.storedKeys();
    const patient = await startWorker({ vars: { ...VARS, ORIGIN_URL: proxy.url, ORIGIN_DEADLINE_MS: "100000" } });
    await patient.putSource("large.png", await pattern(400, 400).png().toBuffer());
    const pending = patient.get("/img/x2/large.png");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const killed = performance.now();
    origin.process.kill("SIGKILL");
    await once(origin.process, "exit");
    expect(await pending).toMatchObject({ status: 502 });
    expect(performance.now() - killed).toBeLessThan(AT_ONCE_MS);
    expect(await observe()).toMatchObject({ status: 502 });
    expect([await worker.storedKeys(), await patient.storedKeys()]).toEqual([before, []]);
    await patient.stop();
    origin = await startOrigin({ PORT: `${port}`, WORKERS: "1" });
    await expectRight(await observe());
  });
});

describe("one strong ETag", () => {
  it("names a picture whether the origin is there or not", async () => {
    proxy.inject(hangUp, hangUp);
    expect(await observe()).toMatchObject({ status: 502 });
    const announced = (await worker.get(path, { method: "HEAD" })).headers.get("etag");
    const made = await observe();
    await expectRight(made);
    expect(made.headers.get("etag")).toBe(announced);
  });

  it("never stands for two pictures, though origins differ in the last bit", async () => {
    // Concurrent requests get answers that are all right, but differ.
    const recompressed = (compressionLevel: number) =>
      withBody((png) => sharp(png).png({ compressionLevel }).toBuffer());
    proxy.inject(recompressed(0), recompressed(9));
    const observed = await Promise.all([observe(), observe(), observe()]);
    expect(new Set(observed.map(({ headers }) => headers.get("etag"))).size).toBe(1);
    expect(new Set(observed.map(({ body }) => Buffer.from(body).toString("base64"))).size).toBe(1);
    await expectRight(await observe());
  });
});
