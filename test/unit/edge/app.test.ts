import { Hono } from "hono";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createApp, type Deps } from "../../../src/edge/app.ts";

// What goes wrong below the app: all that is real is tested in workerd (test/edge).

/** PNG, 1x1, grey. */
const PIXEL = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="),
  (character) => character.charCodeAt(0),
);

const FILE = { file: "f", sha256: "0".repeat(64), bytes: 1 };

function deps(broken: Partial<Deps>): Deps {
  return {
    config: {
      limits: {
        sourceBytes: 1000,
        inputPixels: 100,
        outputPixels: 100,
        avifPixels: 100,
        jpegScans: 1,
        urlLength: 1000,
      },
      cacheControl: "public",
    },
    openSource: async () => ({ version: "v1", read: async () => PIXEL }),
    results: { head: async () => undefined, get: async () => undefined, put: async () => {} },
    renderer: {
      codecs: {
        decode: async () => ({ image: { width: 1, height: 1, data: new Uint8ClampedArray([9, 9, 9, 255]) } }),
        encode: async () => Uint8Array.from([1, 2, 3]),
      },
      engine: {
        name: "fake",
        upscale: async () => ({ width: 2, height: 2, data: new Uint8ClampedArray(12) }),
      },
      tiling: { size: 48, overlap: 16 },
    },
    model: (scale) => ({ id: `fake-x${scale}`, scale, weights: FILE, onnx: FILE, packed: FILE }),
    now: () => 0,
    v1: new Hono(),
    ...broken,
  };
}

async function request(broken: Partial<Deps>) {
  const background: Promise<unknown>[] = [];
  const context = { waitUntil: (promise: Promise<unknown>) => background.push(promise), passThroughOnException() {} };
  const response = await createApp(deps(broken)).request("/img/x2/a.png", {}, {}, { ...context, props: {} });
  await Promise.all(background);
  return response;
}

const secret = async (): Promise<never> => {
  throw new Error("secret of the inside");
};

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

it("answers when nothing is broken", async () => {
  const response = await request({});
  expect(response.status).toBe(200);
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(Uint8Array.from([1, 2, 3]));
  expect(console.error).not.toHaveBeenCalled();
});

it("answers though the result cannot be stored, and logs it under the request's id", async () => {
  const { results } = deps({});
  const response = await request({ results: { ...results, put: secret } });
  expect(response.status).toBe(200);
  const line = vi.mocked(console.error).mock.calls[0]?.[0];
  expect(JSON.parse(line)).toMatchObject({
    requestId: response.headers.get("x-request-id"),
    cause: expect.stringContaining("secret of the inside"),
  });
});

it.each<[string, Partial<Deps>]>([
  ["the source's store", { openSource: secret }],
  ["reading the source", { openSource: async () => ({ version: "v1", read: secret }) }],
  ["the result store", { results: { ...deps({}).results, get: secret } }],
  ["a codec", { renderer: { ...deps({}).renderer, codecs: { decode: secret, encode: secret } } }],
  ["the engine", { renderer: { ...deps({}).renderer, engine: { name: "fake", upscale: secret } } }],
])("tells the client nothing of the inside when %s fails, and stores nothing", async (_, broken) => {
  const put = vi.fn(async () => {});
  const response = await request({ ...broken, results: { ...(broken.results ?? deps({}).results), put } });
  expect(response.status).toBe(500);
  const body = await response.text();
  expect(JSON.parse(body)).toMatchObject({ code: "internal", requestId: response.headers.get("x-request-id") });
  expect(body).not.toContain("secret");
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(put).not.toHaveBeenCalled();
  expect(console.error).toHaveBeenCalledWith(expect.stringContaining("secret of the inside"));
});
