import { setTimeout as sleep } from "node:timers/promises";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contentDigest } from "../../src/core/origin-request.ts";
import { answer, type Fault, type FaultProxy, hang, startFaultProxy } from "../fault-proxy.ts";
import { ORIGIN_KEYS, startOrigin, type TestOrigin } from "../origin/origin.ts";
import { pattern } from "./pictures.ts";
import { startWorker, type TestWorker } from "./worker.ts";

// How much memory of one isolate many large pictures hold at the same time.

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
      ORIGIN_DEADLINE_MS: "60000",
      EDGE_INPUT_PIXELS: "1000",
      MAX_SOURCE_BYTES: "1100000",
      ORIGIN_RESULT_BYTES: "30000000",
    },
  });
  const bytes = await pattern(500, 400).png({ compressionLevel: 0 }).toBuffer();
  expect(bytes.length).toBeGreaterThan(550_000);
  for (const key of ["1.png", "2.png", "3.png"]) await worker.putSource(key, bytes);
});
afterAll(async () => {
  await worker.stop();
  await proxy.stop();
  await origin.stop();
});

describe("sources", () => {
  it("wait where two of them would be more than the largest may be", async () => {
    let inside = 0;
    const insideAtOnce: number[] = [];
    const damaged = answer(422, { "Content-Type": "application/problem+json" }, '{"code":"undecodable_image"}');
    const counted: Fault = async (forward, response) => {
      insideAtOnce.push(++inside);
      await sleep(500);
      inside--;
      await damaged(forward, response);
    };
    proxy.inject(counted, counted, counted);
    const answers = await Promise.all(["1", "2", "3"].map((name) => worker.get(`/img/x2/${name}.png`)));
    expect(answers.map(({ status }) => status)).toEqual([422, 422, 422]);
    expect(insideAtOnce).toEqual([1, 1, 1]);
  });

  it("wait no longer for a client that has left", async () => {
    const requests = proxy.requests();
    proxy.inject(hang);
    const hangUp = await worker.ask("/img/x2/1.png");
    await expect.poll(() => proxy.requests(), { timeout: 30_000 }).toBe(requests + 1);
    hangUp();
    expect((await worker.get("/img/x1/2.png")).status).toBe(200);
  });
});

describe("results of an origin", () => {
  it("are not read where two of them would be more than the largest may be", async () => {
    const plain = sharp({ create: { width: 4000, height: 2000, channels: 3, background: "teal" } });
    const [source, body] = [await plain.png().toBuffer(), await plain.png({ compressionLevel: 0 }).toBuffer()];
    await worker.putSource("huge-1.png", source);
    await worker.putSource("huge-2.png", source);
    const own = { "content-length": `${body.length}`, "content-digest": await contentDigest(body) };
    expect(body.length).toBeGreaterThan(20_000_000);

    const half = Math.floor(body.length / 2);
    let goOn = () => {};
    const pause = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let begun = 0;
    let finished = 0;
    const held: Fault = async (forward, response) => {
      const { status, headers } = await forward();
      response.on("finish", () => finished++).writeHead(status, { ...headers, ...own });
      response.write(body.subarray(0, half));
      begun++;
      if (begun === 1) await pause;
      response.end(body.subarray(half));
    };
    proxy.inject(held, held);
    const first = worker.get("/img/x1/huge-1.png");
    await expect.poll(() => begun, { timeout: 30_000 }).toBe(1);
    const second = worker.get("/img/x1/huge-2.png");
    await expect.poll(() => begun, { timeout: 30_000 }).toBe(2);
    await sleep(2000);
    expect(finished).toBe(0);
    goOn();
    expect((await Promise.all([first, second])).map(({ status, body: { length } }) => [status, length])).toEqual([
      [200, body.length],
      [200, body.length],
    ]);
    expect(finished).toBe(2);
  });
});
