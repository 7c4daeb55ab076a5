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

const DEADLINE_MS = 6000;
/** Bound for an answer that comes without waiting; generous, because the machine may be busy. */
const AT_ONCE_MS = 4000;

let origin: TestOrigin;
let proxy: FaultProxy;
let worker: TestWorker;

beforeAll(async () => {
  origin = await startOrigin({ WORKERS: "1" });
  proxy = await startFaultProxy(origin.url);
  worker = await startWorker({
    vars: {
      ORIGIN_URL: proxy.url,
      ORIGIN_KEYS,
      ORIGIN_DEADLINE_MS: `${DEADLINE_MS}`,
      EDGE_INPUT_PIXELS: "1000",
      ORIGIN_RESULT_BYTES: "100000",
    },
  });
});
afterAll(async () => {
  await worker.stop();
  await proxy.stop();
  await origin.stop();
});

let source = "";
let path = "";
beforeEach(async ({ task }) => {
  source = `${task.id}.png`;
  path = `/img/x2/${source}`;
  await worker.putSource(source, await pattern().png().toBuffer());
});

async function timed(requested: string) {
  const start = performance.now();
  const response = await worker.get(requested);
  return { response, ms: performance.now() - start };
}

/** Expects that nothing was stored for this source and that the next request succeeds. */
async function expectUnharmed(keysBefore: readonly string[]): Promise<void> {
  expect(await worker.storedKeys()).toEqual(keysBefore);
  const { status, headers, body } = await worker.get(path);
  expect(status).toBe(200);
  expect(headers.get("x-ssiu-engine")).toBe("origin");
  expect((await pixels(body)).info).toMatchObject({ width: 96, height: 64 });
}

const HTML = answer(200, { "Content-Type": "text/html" }, "<!doctype html><title>Please log in</title>");
const problem = (status: number, code: string, headers = {}) =>
  answer(status, { "Content-Type": "application/problem+json", ...headers }, JSON.stringify({ status, code }));
/** Changes one byte and keeps the digest of the right bytes. */
const corrupt: Fault = async (forward, response) => {
  const { status, headers, body } = await forward();
  response.writeHead(status, headers).end(body.map((byte, i) => (i === 60 ? byte ^ 1 : byte)));
};

describe("an origin that fails", () => {
  it.each<[string, number, string, number, Fault[]]>([
    ["hangs up, twice", 502, "origin_failed", AT_ONCE_MS, [hangUp, hangUp]],
    ["is cut off half way, twice", 502, "origin_failed", AT_ONCE_MS, [cut, cut]],
    ["answers 502, twice", 502, "origin_failed", AT_ONCE_MS, [answer(502, {}), answer(502, {})]],
    ["answers 503, twice", 503, "overloaded", AT_ONCE_MS, [answer(503, {}), answer(503, {})]],
    ["answers 504, twice", 504, "deadline_exceeded", AT_ONCE_MS, [answer(504, {}), answer(504, {})]],
    ["answers 500", 502, "origin_failed", AT_ONCE_MS, [problem(500, "internal")]],
    ["refuses the signature", 502, "origin_failed", AT_ONCE_MS, [problem(403, "signature_invalid")]],
    ["sends elsewhere", 502, "origin_failed", AT_ONCE_MS, [answer(302, { Location: "/v1/elsewhere" })]],
    ["does not answer", 504, "deadline_exceeded", DEADLINE_MS + AT_ONCE_MS, [hang]],
    ["is too slow", 504, "deadline_exceeded", DEADLINE_MS + AT_ONCE_MS, [slow(4 * DEADLINE_MS)]],
    ["answers with HTML", 502, "origin_failed", AT_ONCE_MS, [HTML]],
    ["has no digest", 502, "origin_failed", AT_ONCE_MS, [withHeaders({ "content-digest": null })]],
    ["does not say how long", 502, "origin_failed", AT_ONCE_MS, [withHeaders({ "content-length": null })]],
    ["sends corrupt bytes", 502, "origin_failed", AT_ONCE_MS, [corrupt]],
    ["sends no picture", 502, "origin_failed", AT_ONCE_MS, [withBody(() => Buffer.from("nothing of the kind"))]],
    ["sends half a picture", 502, "origin_failed", AT_ONCE_MS, [withBody((png) => png.subarray(0, png.length / 2))]],
  ])("%s -> %i, and nothing of it is stored", async (_, status, code, withinMs, faults) => {
    const before = await worker.storedKeys();
    const requests = proxy.requests();
    proxy.inject(...faults);
    const { response, ms } = await timed(path);
    expect(response.status).toBe(status);
    const body = JSON.parse(new TextDecoder().decode(response.body));
    expect(body).toMatchObject({ status, code });
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("etag")).toBeNull();
    expect(ms).toBeLessThan(withinMs);
    if (status === 504 && faults.length === 1) expect(ms).toBeGreaterThan(0.9 * DEADLINE_MS);
    expect(proxy.requests() - requests).toBe(faults.length);
    await expectUnharmed(before);
  });
});
