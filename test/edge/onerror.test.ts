import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { psnr } from "../../src/core/metrics.ts";
import { fixture } from "../fixtures/read.ts";
import { freePort } from "../free-port.ts";
import { ORIGIN_KEYS } from "../origin/origin.ts";
import { colours } from "../origin/pictures.ts";
import { disc, pattern, pixels } from "./pictures.ts";
import { startWorker, type TestWorker } from "./worker.ts";

/** A Worker that leaves nearly everything to an origin that is not there. */
let worker: TestWorker;

beforeAll(async () => {
  const ORIGIN_URL = `http://127.0.0.1:${await freePort()}`;
  worker = await startWorker({ vars: { ORIGIN_URL, ORIGIN_KEYS, EDGE_INPUT_PIXELS: "1000" } });
  await Promise.all(
    Object.entries<Buffer | Sharp>({
      "pattern.png": pattern().png(),
      "disc.png": disc().png(),
      "turned.jpg": pattern().jpeg({ quality: 95 }).withMetadata({ orientation: 6 }),
      "large.png": pattern(513, 512).png(),
      "cmyk.jpg": Buffer.from(fixture("cmyk.jpg")),
      "truncated.jpg": Buffer.from(fixture("truncated.jpg")),
    }).map(async ([key, picture]) =>
      worker.putSource(key, picture instanceof Uint8Array ? picture : await picture.toBuffer()),
    ),
  );
});
afterAll(() => worker.stop());

/** Expects a 502, or a 503 once the client has given up the origin for a while. */
function expectTheError({ status, headers }: Awaited<ReturnType<TestWorker["get"]>>): void {
  expect([502, 503]).toContain(status);
  expect(headers.get("content-type")).toBe("application/problem+json");
  expect(headers.get("x-ssiu-fallback")).toBeNull();
}

it.each(["x2", "x2,onerror=error"])("answers %s with the error", async (ops) => {
  expectTheError(await worker.get(`/img/${ops}/pattern.png`));
});

describe("onerror=interpolate", () => {
  it("answers a picture of the same size by Lanczos, says so, and is kept by nobody", async () => {
    const { status, headers, body } = await worker.get("/img/x3,onerror=interpolate/pattern.png");
    expect(status).toBe(200);
    expect(Object.fromEntries(headers)).toMatchObject({
      "access-control-allow-origin": "*",
      "cache-control": "no-store",
      "cache-status": "ssiu-edge; fwd=uri-miss",
      "content-length": `${body.length}`,
      "content-type": "image/png",
      "server-timing": expect.stringMatching(/origin;dur=.*decode;dur=/),
      "x-ssiu-engine": "lanczos",
      "x-ssiu-fallback": "interpolate",
      "x-ssiu-source-size": "48x32",
      "x-ssiu-model": "none",
    });
    for (const name of ["etag", "accept-ranges"]) expect(headers.get(name), name).toBeNull();

    const own = await colours(body);
    const lanczos = await pattern().resize(144, 96, { kernel: "lanczos3" }).raw().toBuffer();
    expect([own.width, own.height]).toEqual([144, 96]);
    expect(psnr(own, { ...own, data: new Uint8ClampedArray(lanczos) }, 3)).toBeGreaterThan(40);
    expect(await worker.storedKeys()).toEqual([]);
  });

  it("does with the picture what is done with any: upright, transparent, in the format asked for", async () => {
    const turned = await worker.get("/img/x2,format=webp,onerror=interpolate/turned.jpg");
    expect(await sharp(turned.body).metadata()).toMatchObject({ format: "webp", width: 64, height: 96 });
    const { data } = await pixels((await worker.get("/img/x2,onerror=interpolate/disc.png")).body);
    expect([data[3], data[4 * (80 * 40 + 40) + 3]]).toEqual([0, 255]);
  });

  it.each(["large.png", "cmyk.jpg"])("answers the error where the edge could not do it: %s", async (key) => {
    expectTheError(await worker.get(`/img/x2,onerror=interpolate/${key}`));
  });
});

describe("onerror=original", () => {
  it("sends to a source that anyone may see", async () => {
    const { status, headers } = await worker.get("/img/x2,onerror=original/samples/logo.png");
    expect(status).toBe(302);
    expect(headers.get("location")).toBe("/samples/logo.png");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-ssiu-fallback")).toBe("original");
    expect(headers.get("etag")).toBeNull();
    const original = Object.fromEntries((await worker.get("/samples/logo.png")).headers);
    // The headers of a result: pages of other sites may show and read it, even if they are cross-origin isolated.
    const shared = { "access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin" };
    expect(original).toMatchObject({ "content-type": "image/png", ...shared });
  });

  it("answers the error for a source in the bucket", async () => {
    expectTheError(await worker.get("/img/x2,onerror=original/pattern.png"));
  });

  it("answers the error for an object of the bucket that hides a sample", async () => {
    await worker.putSource("samples/text.png", await pattern().png().toBuffer());
    expectTheError(await worker.get("/img/x2,onerror=original/samples/text.png"));
  });
});

it.each([
  ["original", "samples/none.png", 404],
  ["interpolate", "truncated.jpg", 422],
])("onerror=%s changes nothing where the request is at fault: %s", async (onerror, source, status) => {
  const response = await worker.get(`/img/x2,onerror=${onerror}/${source}`);
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
});

it("is no part of a result's name", async () => {
  const ops = ["x2", "x2,onerror=interpolate", "onerror=original,x2", "x2,onerror=error"];
  const answers = await Promise.all(ops.map((each) => worker.get(`/img/${each}/pattern.png`, { method: "HEAD" })));
  expect(new Set(answers.map(({ headers }) => headers.get("etag"))).size).toBe(1);
});
