import { once } from "node:events";
import { connect } from "node:net";
import { availableParallelism, networkInterfaces } from "node:os";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { parseConfig } from "../../src/origin/config.ts";
import { fixture } from "../fixtures/read.ts";
import { spawnOrigin, startOrigin, type TestOrigin } from "./origin.ts";
import { scene } from "./pictures.ts";

const OLD = "old:a-secret-that-is-replaced";
const NEW = "new:a-secret-that-replaces-it";

let origin: TestOrigin;
beforeAll(async () => {
  origin = await startOrigin({
    PROVIDER: "auto",
    WORKERS: "1",
    ORIGIN_KEYS: `${NEW},${OLD}`,
    MAX_SOURCE_BYTES: "50000",
    MAX_INPUT_PIXELS: "10000",
    MAX_OUTPUT_PIXELS: "60000",
  });
  return () => origin.stop();
});

const PICTURE = fixture("rgb-8.png");
const nowSeconds = () => Math.floor(Date.now() / 1000);

it("runs what is faster on this CPU where there is no GPU, and says what it tried", async () => {
  expect(await (await origin.get("/readyz")).json()).toMatchObject({ provider: expect.stringMatching(/^(cpu|simd)$/) });
  expect(origin.log()).toMatch(/cuda does not work here[\s\S]*webgpu does not work here[\s\S]*Ready: (cpu|simd),/);
});

describe("a signed request", () => {
  it.each([OLD, NEW])("is taken under either key", async (keys) => {
    expect((await origin.upscale("x2", PICTURE, { keys })).status).toBe(200);
  });

  it.each([-290, 290])("is taken %i s from our clock", async (seconds) => {
    expect((await origin.upscale("x2", PICTURE, { keys: NEW, timestamp: nowSeconds() + seconds })).status).toBe(200);
  });

  const [KEY, CLOCK, BODY] = ["X-SSIU-Key-Id", "X-SSIU-Timestamp", "Content-Digest"];
  it.each([
    ["without a signature", KEY, { headers: { "X-SSIU-Signature": "" } }],
    ["with a signature that is too short", KEY, { headers: { "X-SSIU-Signature": "AAAA" } }],
    ["under a key we do not have", KEY, { keys: "other:a-secret-of-somebody-else" }],
    ["under another key's id", KEY, { headers: { "X-SSIU-Key-Id": "old" } }],
    ["of more than five minutes ago", CLOCK, { timestamp: nowSeconds() - 310 }],
    ["of the future", CLOCK, { timestamp: nowSeconds() + 600 }],
    ["with another time than was signed", KEY, { headers: { "X-SSIU-Timestamp": `${nowSeconds() + 7}` } }],
    ["with a time that is no number", CLOCK, { headers: { "X-SSIU-Timestamp": "1e9" } }],
    ["with another body than was signed", BODY, { body: fixture("grey-8.png") }],
    ["with the digest of another body", KEY, { headers: { "Content-Digest": "sha-256=:AAAA:" } }],
  ])("%s is refused, and the log alone says what is wrong", async (_, header, options) => {
    const response = await origin.upscale("x2", PICTURE, { keys: NEW, ...options });
    expect(response.status).toBe(403);
    const { code, detail, requestId } = await response.json();
    expect(code).toBe("signature_invalid");
    expect(detail).not.toContain(header);
    const line = () =>
      origin
        .log()
        .split("\n")
        .find((text) => text.includes(requestId)) ?? "{}";
    await expect.poll(() => JSON.parse(line()).cause).toContain(`for ${header}, got`);
  });

  it("is refused for other operations than were signed", async () => {
    const { url, headers } = await origin.sign("x2", PICTURE, { keys: NEW });
    const response = await fetch(url.replace("x2", "x4"), { method: "POST", headers, body: new Uint8Array(PICTURE) });
    expect(response.status).toBe(403);
  });
});

it("takes no more bodies at once than it has room for", async () => {
  const { hostname, port } = new URL(origin.url);
  const { url, headers } = await origin.sign("x2", PICTURE, { keys: NEW });
  const { pathname, search } = new URL(url);
  const lines = Object.entries({ ...headers, Host: "origin", "Content-Length": "50000" });
  const head = [`POST ${pathname}${search} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`), "", ""];
  // One more than there is room for, because the request below may take the place of one of them.
  const sockets = Array.from({ length: 17 }, () => connect(Number(port), hostname).on("error", () => {}));
  for (const socket of sockets) socket.write(`${head.join("\r\n")}the first bytes`);
  const status = async () => (await origin.upscale("x2", PICTURE, { keys: NEW })).status;
  await vi.waitUntil(async () => (await status()) === 503, { timeout: 30_000 });
  for (const socket of sockets) socket.resetAndDestroy();
  await vi.waitUntil(async () => (await status()) === 200, { timeout: 30_000 });
});

it("does not wait for the body of a request that is not signed", async () => {
  const { hostname, port } = new URL(origin.url);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write("POST /v1/upscale?x2 HTTP/1.1\r\nHost: origin\r\nContent-Length: 40000\r\n\r\nthe first bytes");
    });
    socket.once("data", (data) => resolve(`${data}`));
    socket.once("error", reject);
  });
  expect(answer).toMatch(/^HTTP\/1.1 403/);
});

it.each([
  ["x2", new Uint8Array(50_001), { status: 413, code: "source_too_large", limit: 50_000, actual: 50_001 }],
  ["x2", fixture("bomb-16000x16000.jpg"), { status: 413, code: "image_too_large", limit: 10_000, unit: "pixels" }],
])("%s of what is too large is refused", async (ops, bytes, body) => {
  const response = await origin.upscale(ops, bytes, { keys: NEW });
  expect(response.status).toBe(body.status);
  expect(await response.json()).toMatchObject(body);
});

it("refuses a result that is too large", async () => {
  const response = await origin.upscale("x4", await scene(80, 80).png().toBuffer(), { keys: NEW });
  expect(await response.json()).toMatchObject({ status: 413, limit: 60_000, actual: 102_400 });
});

it("counts the bytes of a body that does not say how long it is", async () => {
  const { url, headers } = await origin.sign("x2", new Uint8Array(60_000), { keys: NEW });
  const body = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 6; i++) controller.enqueue(new Uint8Array(10_000));
      controller.close();
    },
  });
  const response = await fetch(url, { method: "POST", headers, body, duplex: "half" } as RequestInit);
  expect(response.status).toBe(413);
});

describe("the environment", () => {
  const empty =
    "HOST PORT ORIGIN_KEYS PROVIDER WORKERS PIXEL_WORKERS BATCH_TILES QUEUE_TILES DEADLINE_MS DRAIN_MS".split(" ");
  it.each([
    ["where nothing is set", {}],
    ["where it is set to nothing", Object.fromEntries(empty.map((name) => [name, ""]))],
  ])("has defaults for everything %s", (_, environment) => {
    const pixels = { inputPixels: 16_000_000, outputPixels: 64_000_000, avifPixels: 16_000_000 };
    const limits = { sourceBytes: 20_000_000, ...pixels, jpegScans: 100, deadlineMs: 60_000 };
    const threads = { workers: availableParallelism(), pixelWorkers: 2 };
    const rest = { provider: "auto", batchTiles: 8, queueTiles: 512, drainMs: 0, isDevelopment: true, limits };
    const { keyring, ...defaults } = parseConfig(environment);
    expect(defaults).toEqual({ host: "127.0.0.1", port: 8788, ...threads, ...rest });
  });

  it("says each number in the variable that is named for it", () => {
    const environment = {
      ...{ PORT: "1", WORKERS: "2", PIXEL_WORKERS: "3", BATCH_TILES: "4", QUEUE_TILES: "5", DEADLINE_MS: "6" },
      ...{ DRAIN_MS: "7", MAX_SOURCE_BYTES: "8", MAX_INPUT_PIXELS: "9", MAX_OUTPUT_PIXELS: "10" },
      ...{ MAX_AVIF_PIXELS: "11", MAX_JPEG_SCANS: "12" },
    };
    expect(parseConfig(environment)).toMatchObject({
      ...{ port: 1, workers: 2, pixelWorkers: 3, batchTiles: 4, queueTiles: 5, drainMs: 7 },
      limits: { sourceBytes: 8, inputPixels: 9, outputPixels: 10, avifPixels: 11, jpegScans: 12, deadlineMs: 6 },
    });
  });

  it.each([
    [{ PORT: "80a" }, 'Expected a whole number from 0 to 65535 for PORT, got "80a"'],
    [{ WORKERS: "0" }, 'for WORKERS, got "0"'],
    [{ WORKERS: "3000" }, 'Expected a whole number from 1 to 1024 for WORKERS, got "3000"'],
    [{ PROVIDER: "gpu" }, 'Expected one of auto, cpu, simd, webgpu, cuda, tensorrt for PROVIDER, got "gpu"'],
    [{ PORT: "65536" }, 'for PORT, got "65536"'],
    [{ DEADLINE_MS: "3600001" }, 'Expected a whole number from 1 to 3600000 for DEADLINE_MS, got "3600001"'],
    [{ HOST: "0.0.0.0", ORIGIN_KEYS: "" }, "Expected ORIGIN_KEYS to be set, or a loopback address for HOST"],
    [{ ORIGIN_KEYS: "short:key" }, "key 1 of ORIGIN_KEYS"],
    [{ PIXEL_WORKERS: "4" }, 'Expected fewer than UV_THREADPOOL_SIZE (4) for PIXEL_WORKERS, got "4"'],
  ])("%o is refused", (environment, message) => {
    expect(() => parseConfig(environment)).toThrow(message);
  });

  const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));
  it.runIf(hasIpv6)("HOST may be an IPv6 address: the URL that is printed can be asked", async () => {
    const listening = await spawnOrigin({ HOST: "::1" });
    expect((await listening.get("/healthz")).status).toBe(200);
    await listening.stop();
  });

  it("stops the program when the provider that was asked for does not work here", async () => {
    const failing = await spawnOrigin({ PROVIDER: "tensorrt" });
    const [code] = await once(failing.process, "exit");
    expect(code).toBe(1);
    expect(failing.log()).toContain("Expected a provider that works here for PROVIDER, got tensorrt");
  });

  it("stops the program at the start when it is wrong", async () => {
    await expect(spawnOrigin({ HOST: "0.0.0.0", ORIGIN_KEYS: "" })).rejects.toThrow("Expected ORIGIN_KEYS to be set");
  });
});
