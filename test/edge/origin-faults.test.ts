import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  answer,
  cut,
  type Fault,
  type FaultProxy,
  hang,
  hangUp,
  slow,
  startFaultProxy,
  withBody,
  withHeaders,
} from "../fault-proxy.ts";
import { ORIGIN_KEYS, startOrigin, type TestOrigin } from "../origin/origin.ts";
import { pattern, pixels } from "./pictures.ts";
import { startWorker, type TestWorker } from "./worker.ts";

/** For what is not waited for; the machine may be busy. */
const AT_ONCE_MS = 30_000;
const SHORT_MS = 6000;

let origin: TestOrigin;
let proxy: FaultProxy;
let worker: TestWorker;
/** With a deadline that is waited for. */
let hasty: TestWorker;

beforeAll(async () => {
  origin = await startOrigin({ WORKERS: "1" });
  proxy = await startFaultProxy(origin.url);
  const start = (deadlineMs: number) => {
    const own = { ORIGIN_URL: proxy.url, ORIGIN_KEYS, ORIGIN_DEADLINE_MS: `${deadlineMs}` };
    return startWorker({ vars: { ...own, EDGE_INPUT_PIXELS: "1000", ORIGIN_RESULT_BYTES: "100000" } });
  };
  [worker, hasty] = await Promise.all([start(2 * AT_ONCE_MS), start(SHORT_MS)]);
});
afterAll(async () => {
  await Promise.all([worker.stop(), hasty.stop()]);
  await proxy.stop();
  await origin.stop();
});

let source = "";
let path = "";
beforeEach(async ({ task }) => {
  source = `${task.id}.png`;
  path = `/img/x2/${source}`;
  const picture = await pattern().png().toBuffer();
  await Promise.all([worker, hasty].map((each) => each.putSource(source, picture)));
});

/** Nothing was stored for this source, and the next request gets what it asks for, if there is time for it. */
async function expectUnharmed(by: TestWorker, keysBefore: readonly string[]): Promise<void> {
  expect(await by.storedKeys()).toEqual(keysBefore);
  if (by === hasty) await expect.poll(async () => (await by.get(path)).status).toBe(200);
  const { status, headers, body } = await by.get(path);
  expect(status).toBe(200);
  expect(headers.get("x-ssiu-engine")).toBe("origin");
  expect((await pixels(body)).info).toMatchObject({ width: 96, height: 64 });
}

const HTML = answer(200, { "Content-Type": "text/html" }, "<!doctype html><title>Please log in</title>");
const problem = (status: number, code: string, headers = {}) =>
  answer(status, { "Content-Type": "application/problem+json", ...headers }, JSON.stringify({ status, code }));
/** Under the digest of the right bytes. */
const corrupt: Fault = async (forward, response) => {
  const { status, headers, body } = await forward();
  response.writeHead(status, headers).end(body.map((byte, i) => (i === 60 ? byte ^ 1 : byte)));
};

describe("an origin that fails", () => {
  it.each<[string, number, string, Fault[]]>([
    ["hangs up, twice", 502, "origin_failed", [hangUp, hangUp]],
    ["is cut off half way, twice", 502, "origin_failed", [cut, cut]],
    ["answers 502, twice", 502, "origin_failed", [answer(502, {}), answer(502, {})]],
    ["answers 503, twice", 503, "overloaded", [answer(503, {}), answer(503, {})]],
    ["answers 504, twice", 504, "deadline_exceeded", [answer(504, {}), answer(504, {})]],
    ["answers 500", 502, "origin_failed", [problem(500, "internal")]],
    ["refuses the signature", 502, "origin_failed", [problem(403, "signature_invalid")]],
    ["sends elsewhere", 502, "origin_failed", [answer(302, { Location: "/v1/elsewhere" })]],
    ["does not answer", 504, "deadline_exceeded", [hang]],
    ["is too slow", 504, "deadline_exceeded", [slow(4 * SHORT_MS)]],
    ["answers with HTML", 502, "origin_failed", [HTML]],
    ["has no digest", 502, "origin_failed", [withHeaders({ "content-digest": null })]],
    ["does not say how long", 502, "origin_failed", [withHeaders({ "content-length": null })]],
    ["sends corrupt bytes", 502, "origin_failed", [corrupt]],
    ["sends no picture", 502, "origin_failed", [withBody(() => Buffer.from("nothing of the kind"))]],
    ["sends half a picture", 502, "origin_failed", [withBody((png) => png.subarray(0, png.length / 2))]],
  ])("%s -> %i, and nothing of it is stored", async (_, status, code, faults) => {
    const isWaitedFor = status === 504 && faults.length === 1;
    const by = isWaitedFor ? hasty : worker;
    const before = await by.storedKeys();
    const requests = proxy.requests();
    proxy.inject(...faults);
    const start = performance.now();
    const response = await by.get(path);
    const ms = performance.now() - start;
    expect(response.status).toBe(status);
    const body = JSON.parse(new TextDecoder().decode(response.body));
    expect(body).toMatchObject({ status, code });
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("etag")).toBeNull();
    expect(ms).toBeLessThan(AT_ONCE_MS);
    if (isWaitedFor) expect(ms).toBeGreaterThan(0.9 * SHORT_MS);
    expect(proxy.requests() - requests).toBe(faults.length);
    await expectUnharmed(by, before);
  });
});
