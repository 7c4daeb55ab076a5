import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import sharp from "sharp";
import { afterEach, expect, it } from "vitest";
import { concat } from "../../src/core/bytes.ts";
import { contentDigest } from "../../src/core/origin-request.ts";
import { readAvif } from "../../src/core/probe/avif.ts";
import { avifFile } from "../unit/avif-file.ts";
import { offer } from "./load.ts";
import { spawnOrigin, startOrigin, type TestOrigin } from "./origin.ts";
import { scene } from "./pictures.ts";

let origin: TestOrigin;
afterEach(async () => {
  await origin.stop();
});

/** Starts with one thread for the network, because each thread loads all models before it is ready. */
const startSmall = (env: Readonly<Record<string, string>> = {}) => startOrigin({ WORKERS: "1", ...env });

it("refuses at once what it cannot do in time, and answers what it can", async () => {
  origin = await startSmall();
  const [large, small] = [await scene(1500, 1500).jpeg().toBuffer(), await scene(16, 16).png().toBuffer()];
  const started = performance.now();
  const refused = await origin.upscale("x2", large, { headers: { "X-SSIU-Deadline-Ms": "1500" } });
  expect(performance.now() - started).toBeLessThan(1000);
  expect(refused.status).toBe(503);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect(await refused.json()).toMatchObject({ code: "overloaded" });
  expect((await origin.upscale("x2", small)).status).toBe(200);
  const odd = await origin.upscale("x2", small, { headers: { "X-SSIU-Deadline-Ms": "soon" } });
  expect(odd.status).toBe(400);
});

it("ends a request when its time is up, whatever was expected", async () => {
  origin = await startSmall();
  // The request is admitted because it should take less than 4 s; SIGSTOP then delays it while the clock goes on.
  const answer = origin.upscale("x2", await scene(100, 100).png().toBuffer(), {
    headers: { "X-SSIU-Deadline-Ms": "4000" },
  });
  await until(async () => (await queue()) > 0);
  origin.process.kill("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 4000));
  origin.process.kill("SIGCONT");
  expect(await (await answer).json()).toMatchObject({ status: 504, code: "deadline_exceeded" });
  expect((await origin.upscale("x2", await scene(16, 16).png().toBuffer())).status).toBe(200);
});

it("drops the work of a client that has gone", async () => {
  origin = await startSmall({ DEADLINE_MS: "600000" });
  const client = new AbortController();
  const answer = origin.upscale("x2", await scene(900, 900).jpeg().toBuffer(), { signal: client.signal });
  await until(async () => (await queue()) > 0);
  const tiles = await queue();
  expect(tiles).toBeGreaterThan(20);
  client.abort();
  await expect(answer).rejects.toThrow();
  await until(async () => (await queue()) === 0, 5000);
  const done = Number(/^ssiu_origin_tiles_total (\d+)$/m.exec(await metrics())?.[1]);
  expect(done).toBeLessThan(tiles);
  expect(await metrics()).toMatch(/^ssiu_origin_request_seconds_count\{status="499"\} 1$/m);
  expect(await metrics()).toMatch(/^ssiu_origin_errors_total\{code="client_gone"\} 1$/m);
});

it("does not encode what needed no network and whose client has gone: others wait for its turn", async () => {
  origin = await startSmall();
  const source = await scene(2400, 2400).jpeg({ progressive: true }).toBuffer();
  const clients = new AbortController();
  // Four run at a time. Encoding one as AVIF takes a core for about twenty seconds.
  const gone = Array.from({ length: 4 }, () => origin.upscale("x1,format=avif", source, { signal: clients.signal }));
  const refused = Promise.all(gone.map((answer) => expect(answer).rejects.toThrow()));
  await until(async () => /^ssiu_origin_running_requests 4$/m.test(await metrics()));
  // All four are being decoded now, which takes a few times these 50 ms.
  await new Promise((resolve) => setTimeout(resolve, 50));
  clients.abort();
  await refused;
  const small = await scene(16, 16).png().toBuffer();
  const answer = await origin.upscale("x1", small, { signal: AbortSignal.timeout(15_000) });
  expect(answer.status).toBe(200);
});

it("checks signatures while pictures are encoded, which takes threads of the same pool", async () => {
  origin = await startSmall();
  const source = await scene(1400, 1400).png().toBuffer();
  const clients = new AbortController();
  const encoded = Array.from({ length: 4 }, () =>
    origin.upscale("x1,format=avif", source, { signal: clients.signal }).catch(() => {}),
  );
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const keys = "test:another-secret-than-theirs";
  const signal = AbortSignal.timeout(3000);
  expect((await origin.upscale("x1", await scene(8, 8).png().toBuffer(), { keys, signal })).status).toBe(403);
  clients.abort();
  await Promise.all(encoded);
});

it("asks to be started again while a codec is at a picture long after its time", async () => {
  origin = await startSmall({ DEADLINE_MS: "200" });
  // A decoder decodes each of the four layers.
  const plain = sharp({ create: { width: 3000, height: 3000, channels: 3, background: "teal" } });
  const still = new Uint8Array(await plain.avif({ effort: 0 }).toBuffer());
  const { locations, ...parts } = readAvif(still);
  const properties = parts.properties.map(({ start, end }) => still.subarray(start, end));
  const [{ start = 0, length = 0 } = {}] = locations[0]?.extents ?? [];
  const layer = still.subarray(start, start + length);
  const frame = layer.subarray(4 + (layer[3] ?? 0));
  const data = concat([layer, frame, frame, frame]);
  const item = { type: "av01", data, properties: properties.map((_, i) => i + 1) };
  const layered = avifFile({ items: [item], properties });
  const health = async () => await (await origin.get("/healthz")).json();
  expect((await origin.upscale("x1,w=10,format=png", layered)).status).toBe(504);
  await until(async () => (await health()).status === "stuck");
  await until(async () => (await health()).status === "ok", 60_000);
});

it("does not block its event loop while a picture of 4 MP is made", async () => {
  origin = await startOrigin({ DEADLINE_MS: "600000" });
  // Mostly plain: the other threads handle every pixel, but the network, which would take a minute, skips the plain part.
  const source = await scene(200, 200).extend({ right: 800, bottom: 800, background: "teal" }).jpeg().toBuffer();
  await metrics();
  const response = await origin.upscale("x2,format=jpeg", source);
  expect(response.status).toBe(200);
  // A tile keeps a thread busy for more than half a second; merely waiting for a core does not take as long.
  const [, longest, p99] =
    /^\S+_lag_max_seconds (\S+)$[\s\S]*^\S+_lag_p99_seconds (\S+)$/m.exec(await metrics())?.map(Number) ?? [];
  console.info("Delay of the event loop in seconds:", { p99, longest });
  expect(longest).toBeLessThan(0.5);
  expect(p99).toBeLessThan(0.2);
}, 600_000);

it.each(["SIGTERM", "SIGINT"] as const)(
  "finishes what is running after %s, said once or twice, says it is not ready, and exits with 0",
  async (signal) => {
    origin = await startSmall({ DRAIN_MS: "500" });
    const answer = origin.upscale("x2", await scene(150, 150).png().toBuffer());
    await until(async () => (await queue()) > 0);
    const exit = once(origin.process, "exit");
    origin.process.kill(signal);
    await until(async () => (await origin.get("/readyz")).status === 503, 1000);
    origin.process.kill(signal);
    expect((await answer).status).toBe(200);
    expect(await exit).toEqual([0, null]);
    await expect(origin.get("/healthz")).rejects.toThrow();
  },
);

it.skipIf(process.platform !== "linux")(
  "exits with 0 after SIGTERM though ONNX Runtime loads its models",
  async () => {
    origin = await spawnOrigin({ PROVIDER: "cpu" });
    const maps = () => readFile(`/proc/${origin.process.pid}/maps`, "utf8");
    await until(async () => (await maps()).includes("libonnxruntime"), 120_000);
    // The library is loaded before the models, and SIGTERM is to come while the models load.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await origin.stop()).toBe(0);
    expect(origin.log()).not.toContain("Ready");
  },
  180_000,
);

it("exits with 0 after SIGTERM though ONNX Runtime is at a tile whose client has gone", async () => {
  origin = await startSmall({ PROVIDER: "cpu", DEADLINE_MS: "600000" });
  const client = new AbortController();
  const answer = origin.upscale("x2", await scene(900, 900).jpeg().toBuffer(), { signal: client.signal });
  await until(async () => /^ssiu_origin_tiles_total [1-9]/m.test(await metrics()), 60_000);
  client.abort();
  await expect(answer).rejects.toThrow();
  expect(await origin.stop()).toBe(0);
}, 600_000);

it("takes no next request after SIGTERM by the connection of one that is running", async () => {
  origin = await startSmall();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const picture = await scene(150, 150).jpeg().toBuffer();
  const { url, headers } = await origin.sign("x2", picture);
  const ask = () =>
    new Promise<IncomingMessage>((resolve, reject) =>
      request(url, { method: "POST", headers, agent }, (response) => resolve(response.resume()))
        .on("error", reject)
        .end(picture),
    );
  const running = ask();
  await until(async () => (await queue()) > 0);
  origin.process.kill("SIGTERM");
  const next = expect(ask()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  expect((await running).headers.connection).toBe("close");
  await next;
});

it("sends an answer to its end after SIGTERM, however slowly it is read", async () => {
  origin = await startSmall();
  const source = await sharp(randomBytes(3 * 1500 ** 2), { raw: { width: 1500, height: 1500, channels: 3 } })
    .png()
    .toBuffer();
  const response = await origin.upscale("x1", source);
  const exit = once(origin.process, "exit");
  origin.process.kill("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect(bytes.length).toBeGreaterThan(6e6);
  expect(await contentDigest(bytes)).toBe(response.headers.get("content-digest"));
  expect(await exit).toEqual([0, null]);
});

it("waits no longer than DEADLINE_MS after SIGTERM for a client that does not read", async () => {
  origin = await startSmall({ DEADLINE_MS: "6000" });
  const noise = sharp(randomBytes(3 * 1500 ** 2), { raw: { width: 1500, height: 1500, channels: 3 } });
  const answer = await origin.upscale("x1", await noise.png({ compressionLevel: 0 }).toBuffer());
  expect(answer.status).toBe(200);
  const exit = once(origin.process, "exit");
  origin.process.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
  await answer.body?.cancel().catch(() => {});
});

it("ends after SIGTERM though a connection has broken that had asked for several things at once", async () => {
  origin = await startSmall({ DEADLINE_MS: "600000" });
  const picture = await scene(300, 300).jpeg().toBuffer();
  const { url, headers } = await origin.sign("x2", picture);
  const { hostname, port, pathname, search } = new URL(url);
  const fields = Object.entries({ Host: hostname, "Content-Length": picture.length, ...headers });
  const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const client = connect(Number(port), hostname);
  client.write(`POST ${pathname}${search} HTTP/1.1\r\n${head}\r\n`);
  client.write(picture);
  client.write(`GET /healthz HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
  await until(async () => (await queue()) > 0);
  client.resetAndDestroy();
  await until(async () => (await queue()) === 0);
  expect(await origin.stop()).toBe(0);
});

it("does four fifths of what it can when four times as much is asked for, and refuses the rest at once", async () => {
  origin = await startOrigin({ DEADLINE_MS: "3000" });
  const source = await scene(64, 64).png().toBuffer();
  const measureCapacity = async () => {
    const { good, seconds } = await offer(origin, source, { perSecond: Infinity, seconds: 3, atATime: 4 });
    return good / seconds;
  };
  let [good, possible, before] = [0, 0, await measureCapacity()];
  const bytes = await origin.residentBytes();
  // Two rounds, because other work keeps the machine busier at some times than at others.
  for (const round of [1, 2]) {
    const over = await offer(origin, source, { perSecond: 4 * before, seconds: 5 });
    const growth = (await origin.residentBytes()) - bytes;
    expect([...over.statuses].filter((status) => ![200, 503, 504].includes(status))).toEqual([]);
    expect(over.late).toBeLessThan(over.good / 4);
    expect(over.refusedMs.p50).toBeLessThan(250);
    expect(growth).toBeLessThan(150e6);
    await until(async () => (await origin.get("/readyz")).ok && (await queue()) === 0, 10_000);
    // The machine may have been busier before the overload than during it, or the other way round.
    const after = await measureCapacity();
    console.info({ round, before, after, over, growth });
    good += over.good;
    possible += over.seconds * Math.min(before, after);
    before = after;
  }
  expect(good).toBeGreaterThan(0.8 * possible);
});

it("ends with the npm that started it", async () => {
  const npm = spawn("npm", ["run", "-s", "origin"], {
    env: { ...process.env, PORT: "0", PROVIDER: "simd", WORKERS: "1" },
  });
  let printed = "";
  npm.stdout.on("data", (data: Buffer) => {
    printed += data.toString();
  });
  await until(async () => printed.includes("Ready"));
  const [url] = /http:\S+/.exec(printed) ?? [];
  expect((await fetch(`${url}/readyz`)).ok).toBe(true);
  npm.kill("SIGTERM");
  await once(npm, "exit");
  await expect(fetch(`${url}/readyz`)).rejects.toThrow();
});

const metrics = async () => await (await origin.get("/metrics")).text();

async function queue(): Promise<number> {
  return Number(/^ssiu_origin_queue_tiles (\d+)$/m.exec(await metrics())?.[1]);
}

async function until(holds: () => Promise<boolean>, ms = 30_000): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Expected it within ${ms} ms`);
}
