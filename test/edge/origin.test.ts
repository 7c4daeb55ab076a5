import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Scale } from "../../src/core/image.ts";
import { psnr } from "../../src/core/metrics.ts";
import { fixture } from "../fixtures/read.ts";
import { ORIGIN_KEYS, startOrigin, type TestOrigin } from "../origin/origin.ts";
import { colours } from "../origin/pictures.ts";
import { pattern, pixels } from "./pictures.ts";
import { startWorker, type TestWorker } from "./worker.ts";

// With a working origin: which side does what, and that the result does not depend on it.

const DEADLINE = { ORIGIN_KEYS, ORIGIN_DEADLINE_MS: "100000" };

let origin: TestOrigin;
/** Three Workers: with an origin as deployed, without one, and one that leaves nearly everything to it. */
let worker: TestWorker;
let alone: TestWorker;
let eager: TestWorker;

beforeAll(async () => {
  origin = await startOrigin({ WORKERS: "1" });
  const vars = { ...DEADLINE, ORIGIN_URL: origin.url };
  [worker, alone, eager] = await Promise.all([
    startWorker({ vars }),
    startWorker(),
    startWorker({ vars: { ...vars, EDGE_INPUT_PIXELS: "1000", ORIGIN_RESULT_BYTES: "60000" } }),
  ]);
});
afterAll(async () => {
  await Promise.all([worker, alone, eager].map((each) => each.stop()));
  await origin.stop();
});

async function putEverywhere(key: string, bytes: Uint8Array): Promise<void> {
  await Promise.all([worker, alone, eager].map((each) => each.putSource(key, bytes)));
}

function problemOf(body: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(body));
}

it("makes large pictures at the origin, once", async () => {
  await putEverywhere("large.jpg", await pattern(300, 220).jpeg().toBuffer());
  const announced = await worker.get("/img/x2/large.jpg", { method: "HEAD" });
  const first = await worker.get("/img/x2/large.jpg");
  expect(first.status).toBe(200);
  expect((await pixels(first.body)).info).toMatchObject({ width: 600, height: 440 });
  expect(first.headers.get("content-type")).toBe("image/jpeg");
  expect(first.headers.get("x-ssiu-engine")).toBe("origin");
  expect(first.headers.get("server-timing")).toMatch(/read;dur=.*origin;dur=/);

  const second = await worker.get("/img/x2/large.jpg");
  expect(second.headers.get("cache-status")).toBe("ssiu-edge; hit");
  expect(second.body).toEqual(first.body);
  for (const name of ["etag", "content-type", "x-ssiu-engine", "x-ssiu-model", "x-ssiu-source-size"]) {
    expect(second.headers.get(name), name).toBe(first.headers.get(name));
    expect(announced.headers.get(name), name).toBe(first.headers.get(name));
  }
});

it("makes small pictures at the edge", async () => {
  await putEverywhere("small.png", await pattern().png().toBuffer());
  expect((await worker.get("/img/x2/small.png")).headers.get("x-ssiu-engine")).toBe("simd");
});

it("names a result by what decides where it is made", async () => {
  await putEverywhere("named.png", await pattern().png().toBuffer());
  const path = "/img/x2/named.png";
  const answers = await Promise.all([worker, alone, eager].map((each) => each.get(path, { method: "HEAD" })));
  expect(new Set(answers.map(({ headers }) => headers.get("etag"))).size).toBe(3);
});

describe("the same picture by edge and by origin", () => {
  async function decoded(by: TestWorker, path: string) {
    const { status, headers, body } = await by.get(path);
    expect(status).toBe(200);
    return { headers: [...headers], ...(await colours(body)) };
  }

  it.each<[Scale, number]>([
    [2, 160],
    [3, 64],
    [4, 64],
  ])("x%i is alike to more than 45 dB, with the same headers but the engine's name", async (scale, side) => {
    await putEverywhere("both.png", await pattern(side, side).png().toBuffer());
    const path = `/img/x${scale},format=webp,quality=100/both.png`;
    const atEdge = await decoded(alone, path);
    const atOrigin = await decoded(eager, path);
    expect(psnr(atOrigin, atEdge, scale)).toBeGreaterThan(45);

    const own = /^(etag|content-length|date|server-timing|x-request-id|x-ssiu-engine)$/;
    const common = (headers: [string, string][]) => headers.map(([name, value]) => [name, own.test(name) ? "" : value]);
    expect(common(atOrigin.headers)).toEqual(common(atEdge.headers));
  });

  it.each([
    ["cropped", "clap.avif", 40, 20],
    ["put together", "grid.avif", 256, 128],
  ])("is %s alike", async (_, name, width, height) => {
    await putEverywhere(name, fixture(name));
    const [atEdge, atOrigin] = await Promise.all([alone, eager].map((by) => decoded(by, `/img/x2,f=png/${name}`)));
    expect(atEdge).toMatchObject({ width, height, data: atOrigin?.data });
  });
});

describe("what the edge's codecs cannot read", () => {
  it.each(["cmyk.jpg", "arithmetic.jpg"])("%s is the origin's, 415 without one", async (name) => {
    await putEverywhere(name, fixture(name));
    const response = await worker.get(`/img/x2,format=png/${name}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("x-ssiu-engine")).toBe("origin");
    const { info } = await pixels(response.body);
    const source = (await pixels(fixture(name))).info;
    expect([info.width, info.height]).toEqual([2 * source.width, 2 * source.height]);
    expect((await alone.get(`/img/x2,format=png/${name}`)).status).toBe(415);
  });

  it("is refused with the edge's own words where the origin cannot read it either", async () => {
    await putEverywhere("12-bit.jpg", fixture("12-bit.jpg"));
    const { status, body } = await worker.get("/img/x2/12-bit.jpg");
    expect(status).toBe(415);
    expect(problemOf(body)).toMatchObject({ code: "unsupported_format", detail: "The source cannot be decoded here" });
  });
});

it.each([
  ["orientation-6.jpg", "jpeg"],
  ["irot-1-imir-0.avif", "png"],
])("believes the origin when it turns %s upright", async (name, format) => {
  await putEverywhere(name, fixture(name));
  const response = await eager.get(`/img/x2,format=${format}/${name}`);
  expect(response.status).toBe(200);
  expect(response.headers.get("x-ssiu-engine")).toBe("origin");
});

it("refuses a result that takes too many bytes", async () => {
  const noise = { type: "gaussian", mean: 128, sigma: 40 } as const;
  const create = { width: 64, height: 64, channels: 3, background: "grey", noise } as const;
  await putEverywhere("heavy.png", await sharp({ create }).png().toBuffer());
  const { status, body } = await eager.get("/img/x4/heavy.png");
  expect(status).toBe(413);
  expect(problemOf(body)).toMatchObject({ code: "image_too_large", limit: 60_000, unit: "bytes" });
  expect((await eager.get("/img/x2,format=webp,quality=50/heavy.png")).status).toBe(200);
});

it("refuses what is too large for the origin without asking it", async () => {
  await putEverywhere("huge.png", fixture("bomb-30000x30000.png"));
  const { status, body } = await worker.get("/img/x2/huge.png");
  expect(status).toBe(413);
  expect(problemOf(body)).toMatchObject({ code: "image_too_large", limit: 16_000_000, actual: 900_000_000 });
});
