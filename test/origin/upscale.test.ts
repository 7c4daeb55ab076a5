import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { createNodeCodecs } from "../../src/codecs/node.ts";
import { contentDigest } from "../../src/core/origin-request.ts";
import { probe } from "../../src/core/probe/probe.ts";
import { PIPELINE_VERSION } from "../../src/core/result-key.ts";
import { parseTransform } from "../../src/core/transform.ts";
import { ENGINES, readManifest } from "../../src/engine/node-engines.ts";
import { render } from "../../src/service/render.ts";
import { planRender } from "../../src/service/render-plan.ts";
import { createStopwatch } from "../../src/service/stopwatch.ts";
import { fixture } from "../fixtures/read.ts";
import { startOrigin, type TestOrigin } from "./origin.ts";
import { colours, decibel, scene } from "./pictures.ts";

const LIMITS = { inputPixels: 1e6, outputPixels: 1e6, avifPixels: 1e6, jpegScans: 1 };

let origin: TestOrigin;
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "ssiu-origin-"));
  // ONNX Runtime sends no telemetry where a variable says that this is CI, which would hide a fault of ours.
  for (const name of Object.keys(process.env)) if (name !== "SSIU_PROGRAMS") vi.stubEnv(name, undefined);
  // On a busy machine, a hundred pictures take longer than the default deadline of a minute.
  origin = await startOrigin({ PROVIDER: "cpu", DEADLINE_MS: "600000", HOME: home });
  vi.unstubAllEnvs();
  return async () => {
    await origin.stop();
    await rm(home, { recursive: true });
  };
});

const body = async (response: Response) => new Uint8Array(await response.arrayBuffer());

it("answers with the picture, and says everything about it that the edge checks", async () => {
  const source = await scene(80, 60).resize(40, 30).png().toBuffer();
  const response = await origin.upscale("x2,format=webp,quality=90", source, {
    headers: { "X-Request-Id": "from-the-edge" },
  });
  const bytes = await body(response);
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "content-type": "image/webp",
    "content-length": `${bytes.length}`,
    "content-digest": await contentDigest(bytes),
    "cache-control": "no-store",
    // Longer than any load balancer keeps an idle connection.
    "keep-alive": "timeout=920",
    "server-timing": expect.stringMatching(/^decode;dur=[\d.]+, upscale;dur=[\d.]+, encode;dur=[\d.]+$/),
    "x-request-id": "from-the-edge",
    "x-ssiu-engine": "origin",
    "x-ssiu-model": expect.stringMatching(/^ssiu-x2-web-[0-9a-f]{8}$/),
    "x-ssiu-provider": "cpu",
    "x-ssiu-source-size": "40x30",
  });
  expect(await sharp(bytes).metadata()).toMatchObject({ format: "webp", width: 80, height: 60 });
});

it.each([
  [2, 160, 160],
  [3, 160, 48],
  [4, 160, 48],
])("makes what the edge makes of a picture of several tiles, x%i of %ix%i", async (scale, width, height) => {
  const source = new Uint8Array(await scene(width, height).png().toBuffer());
  const [header, transform, findModel] = [probe(source), parseTransform(`x${scale},format=png`), await readManifest()];
  const { bytes: edge } = await render(
    { codecs: createNodeCodecs(), ...(await ENGINES.simd()) },
    { bytes: source, probe: header, transform, plan: planRender(header, transform, { limits: LIMITS, findModel }) },
    createStopwatch(() => 0),
  );
  const answer = await body(await origin.upscale(`x${scale},format=png`, source));
  expect(decibel((await colours(answer)).data, (await colours(edge)).data)).toBeGreaterThan(45);
});

describe("what only the origin can read", () => {
  it.each(["cmyk.jpg", "arithmetic.jpg"])("%s", async (name) => {
    const source = fixture(name);
    const response = await origin.upscale("x2,format=png", source);
    expect(response.status).toBe(200);
    const picture = await colours(await body(response));
    const before = await sharp(source).toColourspace("srgb").removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect([picture.width, picture.height]).toEqual([2 * before.info.width, 2 * before.info.height]);
    const mean = (data: ArrayLike<number>) => Array.from(data).reduce((sum, value) => sum + value, 0) / data.length;
    expect(Math.abs(mean(picture.data) - mean(before.data))).toBeLessThan(3);
  });
});

it("turns a picture upright, keeps its profile and its transparency", async () => {
  const upright = await body(await origin.upscale("x2", fixture("orientation-6.jpg")));
  const { width = 0, height = 0 } = await sharp(fixture("orientation-6.jpg")).metadata();
  expect(await sharp(upright).metadata()).toMatchObject({ width: 2 * height, height: 2 * width });
  expect((await sharp(upright).metadata()).orientation).toBeUndefined();

  const profiled = await body(await origin.upscale("x2", fixture("p3.jpg")));
  expect((await sharp(profiled).metadata()).icc).toEqual((await sharp(fixture("p3.jpg")).metadata()).icc);

  const soft = await body(await origin.upscale("x2", fixture("lossy-alpha.webp")));
  const { channels } = await sharp(soft).stats();
  expect(channels).toHaveLength(4);
  expect(channels[3]?.min).toBeLessThan(channels[3]?.max ?? 0);
});

it.each([
  ["x9", "rgb-8.png", 400, "invalid_transform"],
  ["x2", "bomb-30000x30000.png", 413, "image_too_large"],
  ["x2", "animated.webp", 415, "unsupported_format"],
  // The libjpeg of sharp supports only 8 bits and DCT.
  ["x2", "12-bit.jpg", 415, "unsupported_format"],
  ["x2", "lossless.jpg", 415, "unsupported_format"],
  ["x2", "picture.tiff", 415, "unsupported_format"],
  ["x2", "page.html", 415, "unsupported_format"],
  ["x2", "truncated.jpg", 422, "undecodable_image"],
])("%s of %s -> %i %s", async (ops, name, status, code) => {
  const response = await origin.upscale(ops, fixture(name));
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({ status, code, requestId: response.headers.get("x-request-id") });
});

it("takes the first frame of an animation when told to", async () => {
  expect((await origin.upscale("x2,anim=false", fixture("animated.webp"))).status).toBe(200);
});

it("answers for health, readiness and Prometheus, and for nothing else", async () => {
  expect((await origin.get("/healthz")).status).toBe(200);
  expect(await (await origin.get("/readyz")).json()).toMatchObject({ ready: true, provider: "cpu" });
  const metrics = await (await origin.get("/metrics")).text();
  expect(metrics).toContain(`\nssiu_origin_info{provider="cpu",pipeline="${PIPELINE_VERSION}"} 1\n`);
  expect(metrics).toMatch(/^ssiu_origin_queue_tiles 0$/m);
  expect(metrics).toMatch(/^ssiu_origin_running_requests 0$/m);
  expect(metrics).toMatch(/^ssiu_origin_errors_total\{code="undecodable_image"\} 1$/m);
  const values = new Map(
    metrics.split("\n").map((line) => [line.replace(/ \S+$/, ""), Number(line.split(" ").at(-1))]),
  );
  for (const series of [
    'request_seconds_count{status="200"}',
    ...["decode", "upscale", "encode"].map((step) => `step_seconds_count{step="${step}"}`),
    "batch_seconds_count",
    "tiles_total",
    "tile_pixels_total",
  ]) {
    expect(values.get(`ssiu_origin_${series}`), series).toBeGreaterThan(0);
  }
  expect((await origin.get("/v1/nothing")).status).toBe(404);
});

it("refuses at once what needs no network and would not come to its turn in time", async () => {
  const source = await scene(1000, 750).jpeg().toBuffer();
  const headers = { "X-SSIU-Deadline-Ms": "1000" };
  const statuses = await Promise.all(
    Array.from({ length: 100 }, async () => (await origin.upscale("w=300", source, { headers })).status),
  );
  expect(statuses).toContain(503);
});

it("makes few pictures at a time of those that need no network, and refuses what would wait too long", async () => {
  const source = await scene(1000, 750).jpeg().toBuffer();
  const before = await origin.residentBytes("VmHWM");
  const widths = Array.from({ length: 150 }, (_, i) => `w=${i + 1}`);
  const statuses = await Promise.all(widths.map(async (ops) => (await origin.upscale(ops, source)).status));
  const counts = (status: number) => statuses.filter((s) => s === status).length;
  console.info("Bytes more than before:", (await origin.residentBytes("VmHWM")) - before);
  // Four run and a hundred wait; more succeed if some are done before the last request comes.
  expect(counts(200)).toBeGreaterThanOrEqual(104);
  expect(counts(503)).toBeGreaterThan(0);
  expect(counts(200) + counts(503)).toBe(150);
  expect((await origin.residentBytes("VmHWM")) - before).toBeLessThan(300e6);
}, 600_000);

it("keeps ONNX Runtime from telling anybody what it runs", async () => {
  // Telemetry would have stored an id of this machine and pending reports there.
  expect(await readdir(home)).toEqual([]);
});
