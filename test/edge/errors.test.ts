import { constants, deflateRawSync, deflateSync } from "node:zlib";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pngChunk, pngFile } from "../../src/codecs/png-container.ts";
import { be32, concat, latin1 } from "../../src/core/bytes.ts";
import { pattern } from "./pictures.ts";
import { startWorker, type TestWorker } from "./worker.ts";

let worker: TestWorker;

/** Small enough by its header, but decoding takes more memory than an isolate has. */
const grain = { type: "gaussian", mean: 128, sigma: 80 } as const;
const NOISE = { width: 500, height: 500, channels: 3, background: "grey", noise: grain } as const;

beforeAll(async () => {
  worker = await startWorker({ vars: { MAX_SOURCE_BYTES: "3000000" } });
  const jpeg = await pattern(64, 64).jpeg().toBuffer();
  await Promise.all(
    Object.entries({
      "good.png": await pattern().png().toBuffer(),
      "truncated.jpg": jpeg.subarray(0, jpeg.length - 40),
      "truncated.png": (await pattern().png().toBuffer()).subarray(0, 200),
      "wide.png": await pattern(600, 500).png().toBuffer(),
      "square.png": await pattern(400, 400).png().toBuffer(),
      "moving.webp": await sharp([await frame(0), await frame(90)], { join: { animated: true } })
        .webp()
        .toBuffer(),
      "picture.tiff": await pattern().tiff().toBuffer(),
      "page.png": "<!doctype html><title>Not found</title>",
      "vector.png": '<svg xmlns="http://www.w3.org/2000/svg"/>',
      "empty.png": "",
      "heavy.png": new Uint8Array(3_000_001),
      "noise.avif": await sharp({ create: NOISE }).avif({ lossless: true, effort: 0 }).toBuffer(),
      "bomb.jpg": jpegBomb(16_000, 16_000),
      "profile.png": pngBomb("iCCP", concat([latin1("icc\0\0"), twoGigabytes()])),
      "pixels.png": pngBomb("IDAT", twoGigabytes()),
    }).map(([key, body]) => worker.putSource(key, body)),
  );
});
afterAll(() => worker.stop());

const get: TestWorker["get"] = (path, init) => worker.get(path, init);

describe("a request that cannot be served", () => {
  it.each([
    ["/img/x9/good.png", 400, { code: "invalid_transform", detail: expect.stringContaining('got "x9"') }],
    ["/img/x2,gravity=face/good.png", 400, { code: "invalid_transform" }],
    ["/img/x2/%252e%252e/good.png", 400, { code: "invalid_path" }],
    ["/img/x2/", 400, { code: "invalid_path" }],
    ["/img/x2/missing.png", 404, { code: "source_not_found" }],
    [`/img/x2/${"a".repeat(1100)}.png`, 404, { code: "source_not_found" }],
    ["/nothing", 404, { code: "not_found" }],
    ["/v1/job", 404, { code: "not_found", detail: expect.stringContaining("/v1/jobs") }],
    ["/img/x2/heavy.png", 413, { code: "source_too_large", limit: 3_000_000, actual: 3_000_001, unit: "bytes" }],
    ["/img/x2/wide.png", 413, { code: "image_too_large", limit: 262_144, actual: 300_000, unit: "pixels" }],
    ["/img/x4/square.png", 413, { code: "image_too_large", limit: 1_048_576, actual: 2_560_000, unit: "pixels" }],
    ["/img/x2,f=avif/square.png", 413, { code: "image_too_large", limit: 393_216, actual: 640_000, unit: "pixels" }],
    ["/img/x1/noise.avif", 413, { code: "image_too_large", detail: expect.stringContaining("decoded in 48 MB") }],
    ["/img/x2/bomb.jpg", 413, { code: "image_too_large", actual: 256_000_000 }],
    [`/img/x2/${"a".repeat(2100)}.png`, 414, { code: "url_too_long", limit: 2048, unit: "characters" }],
    ["/img/x2/moving.webp", 415, { code: "unsupported_format", actual: 2, unit: "frames" }],
    ["/img/x2/picture.tiff", 415, { code: "unsupported_format", detail: expect.stringContaining("got TIFF") }],
    ["/img/x2/page.png", 415, { code: "unsupported_format", detail: expect.stringContaining("got HTML") }],
    ["/img/x2/vector.png", 415, { code: "unsupported_format", detail: expect.stringContaining("got SVG") }],
    ["/img/x2/empty.png", 415, { code: "unsupported_format" }],
    ["/img/x2/truncated.jpg", 422, { code: "undecodable_image" }],
    ["/img/x2/truncated.png", 422, { code: "undecodable_image" }],
  ])("GET %s -> %i", async (path, status, body) => {
    const response = await get(path);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(JSON.parse(new TextDecoder().decode(response.body))).toMatchObject({
      status,
      requestId: response.headers.get("x-request-id"),
      ...body,
    });
  });

  it.each([
    ["POST", "/img/x2/good.png", "GET, HEAD, OPTIONS"],
    ["PUT", "/img/x2/good.png", "GET, HEAD, OPTIONS"],
    ["DELETE", "/img/x2/good.png", "GET, HEAD, OPTIONS"],
    ["POST", "/healthz", "GET, HEAD"],
  ])("%s %s -> 405", async (method, path, allow) => {
    const { status, headers, body } = await get(path, { method });
    expect([status, headers.get("allow")]).toEqual([405, allow]);
    expect(JSON.parse(new TextDecoder().decode(body))).toMatchObject({ code: "method_not_allowed" });
  });

  it("leaves nothing in the store", async () => {
    expect(await worker.storedKeys()).toEqual([]);
  });
});

it("takes the first frame of an animation when told to", async () => {
  expect((await get("/img/x2,anim=false/moving.webp")).status).toBe(200);
});

it.each([
  ["bomb.jpg", 413],
  ["profile.png", 422],
  ["pixels.png", 413],
])("refuses the decompression bomb %s in less than a second", async (name, status) => {
  await get("/healthz");
  const start = performance.now();
  expect((await get(`/img/x1/${name}`)).status).toBe(status);
  expect(performance.now() - start).toBeLessThan(1000);
});

// For other wrong settings, see test/unit/edge/config.test.ts.
it.each<Record<string, string>>([
  { MAX_INPUT_PIXELS: "512x512" },
  { ORIGIN_URL: "http://127.0.0.1:9" },
  { UPLOAD_RULES: "{" },
])("stops at start-up with %j", async (vars) => {
  const misconfigured = await startWorker({ vars });
  expect((await misconfigured.get("/healthz")).status).toBe(500);
  await misconfigured.stop();
});

function frame(hue: number): Promise<Buffer> {
  return pattern().modulate({ hue }).png().toBuffer();
}

/** A complete JPEG of a few bytes whose header declares this size. */
function jpegBomb(width: number, height: number): Uint8Array {
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  const frameHeader = [0xff, 0xc0, 0, 11, 8, ...size, 1, 1, 0x11, 0];
  const scanHeader = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0];
  return Uint8Array.from([0xff, 0xd8, ...frameHeader, ...scanHeader, ...new Array(200).fill(0), 0xff, 0xd9]);
}

/** A PNG of 512x512 pixels with this chunk right after the header. */
function pngBomb(type: string, data: Uint8Array): Uint8Array {
  const ihdr = concat([be32(512), be32(512), Uint8Array.of(8, 0, 0, 0, 0)]);
  const idat = pngChunk("IDAT", deflateSync(new Uint8Array(513 * 512)));
  const end = pngChunk("IEND", new Uint8Array());
  return pngFile([pngChunk("IHDR", ihdr), pngChunk(type, data), idat, end]);
}

/** A zlib stream of about 2 MB that inflates to 2 GB of zeros. */
function twoGigabytes(): Uint8Array {
  const zeros = deflateRawSync(new Uint8Array(2 ** 26), { finishFlush: constants.Z_FULL_FLUSH });
  return concat([Uint8Array.of(0x78, 0x9c), ...new Array<Uint8Array>(32).fill(zeros)]);
}
