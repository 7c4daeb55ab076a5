import { Hono } from "hono";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ServiceError } from "../../../src/core/errors.ts";
import { NO_PRESETS } from "../../../src/core/presets.ts";
import { createApp, type Deps } from "../../../src/edge/app.ts";
import type { Leases } from "../../../src/edge/leases.ts";
import { createPipeline, type PipelineDeps } from "../../../src/edge/pipeline.ts";
import { createProduceOnce } from "../../../src/edge/produce.ts";
import { everyModel } from "../service/every-model.ts";
import { TWO_PIXELS } from "./pixel.ts";

// How the app handles failures of its parts. test/edge tests the real parts in workerd.

/** The dependencies of the app and its parts. */
type Parts = Omit<Deps, "pipeline" | "produceOnce"> & Omit<PipelineDeps, "limits"> & { readonly leases: Leases };

function deps(broken: Partial<Parts>): Parts {
  return {
    config: {
      limits: {
        sourceBytes: 1000,
        inputPixels: 256,
        outputPixels: 100,
        avifPixels: 100,
        jpegScans: 1,
        urlLength: 1000,
      },
      cacheControl: "public",
      presets: NO_PRESETS,
      remote: { allowed: [], timeoutMs: 1000 },
      signing: { mode: "off" },
      lease: { waitMs: 1000, holdMs: 1000 },
    },
    openSource: async () => ({ version: "v1", read: async () => TWO_PIXELS }),
    results: { head: async () => undefined, get: async () => undefined, put: async () => true },
    engine: "fake",
    renderer: {
      codecs: {
        decode: async () => ({
          image: { width: 2, height: 1, data: new Uint8ClampedArray([0, 0, 0, 255, 255, 255, 255, 255]) },
        }),
        encode: async () => Uint8Array.from([1, 2, 3]),
      },
      engine: {
        name: "fake",
        upscale: async () => ({ width: 4, height: 2, data: new Uint8ClampedArray(24) }),
      },
      tiling: { size: 48, overlap: 16 },
    },
    findModel: everyModel,
    authorize: async () => ({ cacheControl: () => "public" }),
    leases: { enter: async () => ({ end: async () => {} }) },
    rates: { requests: async () => {}, misses: async () => {} },
    turnstile: { run: (work) => work(async () => {}) },
    memory: { open: () => ({ source: async () => {}, result: async () => {}, release() {} }) },
    now: () => 0,
    v1: new Hono(),
    ...broken,
  };
}

async function request(broken: Partial<Parts>, path = "/img/x2/a.png", init: RequestInit = {}) {
  const background: Promise<unknown>[] = [];
  const context = { waitUntil: (promise: Promise<unknown>) => background.push(promise), passThroughOnException() {} };
  const parts = deps(broken);
  const pipeline = createPipeline({ ...parts, limits: parts.config.limits });
  const app = createApp({ ...parts, pipeline, produceOnce: createProduceOnce({ ...parts, pipeline }) });
  const response = await app.request(path, init, {}, { ...context, props: {} });
  await Promise.all(background);
  return response;
}

const FACTS = { format: "png", engine: "fake", model: "fake-x2", sourceWidth: 1, sourceHeight: 1 } as const;

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

it("says how long an answer may be kept as it leaves, not as it was asked for", async () => {
  let cacheControl = "max-age=40";
  const upscale = async () => {
    cacheControl = "max-age=22";
    return { width: 4, height: 2, data: new Uint8ClampedArray(24) };
  };
  const authorize = async () => ({ cacheControl: () => cacheControl });
  const renderer = { ...deps({}).renderer, engine: { name: "fake", upscale } };
  const response = await request({ authorize, renderer });
  expect(response.headers.get("cache-control")).toBe("max-age=22");

  const read = async () => {
    cacheControl = "max-age=17";
    return TWO_PIXELS;
  };
  const facts = await request({ authorize, openSource: async () => ({ version: "v1", read }) }, "/img/x2,f=json/a.png");
  expect(facts.headers.get("cache-control")).toBe("max-age=17");
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

it.each<[string, Partial<Parts>]>([
  ["the source's store", { openSource: secret }],
  ["reading the source", { openSource: async () => ({ version: "v1", read: secret }) }],
  ["the result store", { results: { ...deps({}).results, get: secret } }],
  ["a codec", { renderer: { ...deps({}).renderer, codecs: { decode: secret, encode: secret } } }],
  ["the engine", { renderer: { ...deps({}).renderer, engine: { name: "fake", upscale: secret } } }],
])("tells the client nothing of the inside when %s fails, and stores nothing", async (_, broken) => {
  const put = vi.fn(async () => true);
  const response = await request({ ...broken, results: { ...(broken.results ?? deps({}).results), put } });
  expect(response.status).toBe(500);
  const body = await response.text();
  expect(JSON.parse(body)).toMatchObject({ code: "internal", requestId: response.headers.get("x-request-id") });
  expect(body).not.toContain("secret");
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(put).not.toHaveBeenCalled();
  expect(console.error).toHaveBeenCalledWith(expect.stringContaining("secret of the inside"));
});

it.each([
  ["answered", async () => TWO_PIXELS],
  ["refused", secret],
])("closes a source once the request is %s", async (_, read) => {
  const close = vi.fn();
  await request({ openSource: async () => ({ version: "v1", read, close }) });
  expect(close).toHaveBeenCalledOnce();
});

it("is not over before the result is stored, answered or not", async () => {
  let isStored = false;
  const put = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    isStored = true;
    return true;
  };
  await request({ results: { ...deps({}).results, put } });
  expect(isStored).toBe(true);
});

it.each([
  ["GET", "x2"],
  ["HEAD", "x2"],
  ["GET", "x2,f=json"],
])("reads nothing for %s %s of a client that has had its share", async (method, ops) => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  const read = vi.fn(async () => TWO_PIXELS);
  const misses = () => Promise.reject(new ServiceError("too_many_requests", "Enough"));
  const rates = { requests: async () => {}, misses };
  const broken = { openSource: async () => ({ version: "v1", read }), rates };
  expect((await request(broken, `/img/${ops}/a.png`, { method })).status).toBe(429);
  expect(read).not.toHaveBeenCalled();
});

it.each<[string, number, Partial<Parts>, Record<string, string>]>([
  ["is served", 200, {}, {}],
  ["has not changed", 304, {}, { "If-None-Match": "*" }],
  ["is another by now", 412, {}, { "If-Match": '"other"' }],
  ["has no source", 404, { openSource: async () => undefined }, {}],
  ["has a source that cannot be found", 500, { openSource: secret }, {}],
  ["cannot be computed", 500, { renderer: { ...deps({}).renderer, engine: { name: "fake", upscale: secret } } }, {}],
])("holds no memory any more once a picture %s", async (_, status, broken, headers) => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  const release = vi.fn();
  const memory = { open: () => ({ ...deps({}).memory.open(), release }) };
  expect((await request({ ...broken, memory }, undefined, { headers })).status).toBe(status);
  expect(release).toHaveBeenCalledOnce();
});

it("interpolates when the engine fails and that was asked for, and logs why", async () => {
  const put = vi.fn(async () => true);
  const { renderer, results } = deps({});
  const broken = { renderer: { ...renderer, engine: { name: "fake", upscale: secret } }, results: { ...results, put } };
  const response = await request(broken, "/img/x2,onerror=interpolate/a.png");
  expect(response.status).toBe(200);
  expect(response.headers.get("x-ssiu-fallback")).toBe("interpolate");
  expect(put).not.toHaveBeenCalled();
  expect(console.error).toHaveBeenCalledWith(expect.stringContaining("secret of the inside"));
});

it("does not go on with a picture that is another by now", async () => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  const etag = (await request({})).headers.get("etag") ?? "";
  const headers = (tag: string) => ({ headers: { "If-Match": tag, Range: "bytes=1-" } });
  expect((await request({}, undefined, headers(etag))).status).toBe(206);
  expect((await request({}, undefined, headers(`W/${etag}`))).status).toBe(412);
});

it.each([
  ["before anything is read", { leases: { enter: secret } }],
  ["once, whatever fails", { renderer: { ...deps({}).renderer, engine: { name: "fake", upscale: secret } } }],
])("counts what it interpolates as work for the client, %s", async (_, broken) => {
  const misses = vi.fn(async () => {});
  const rates = { requests: async () => {}, misses };
  const response = await request({ ...broken, rates }, "/img/x2,onerror=interpolate/a.png");
  expect(response.headers.get("x-ssiu-fallback")).toBe("interpolate");
  expect(misses).toHaveBeenCalledOnce();
  misses.mockRejectedValue(new ServiceError("too_many_requests", "Enough"));
  vi.spyOn(console, "info").mockImplementation(() => {});
  expect((await request({ ...broken, rates }, "/img/x2,onerror=interpolate/a.png")).status).toBe(429);
});

it("logs what went wrong also where the client may not have it interpolated", async () => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  const misses = vi.fn().mockRejectedValue(new ServiceError("too_many_requests", "Enough"));
  const rates = { requests: async () => {}, misses };
  const response = await request({ leases: { enter: secret }, rates }, "/img/x2,onerror=interpolate/a.png");
  expect(response.status).toBe(429);
  expect(console.error).toHaveBeenCalledWith(expect.stringContaining("secret of the inside"));
});

it("does not interpolate what the origin refuses for the picture's fault", async () => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  const limits = { edgeInputPixels: 0, inputPixels: 256, outputPixels: 100, avifPixels: 100 };
  const upscale = async () => {
    throw new ServiceError("undecodable_image", "The source is damaged");
  };
  const response = await request({ origin: { limits, upscale } }, "/img/x2,onerror=interpolate/a.png");
  expect(response.status).toBe(422);
});

it.each([
  ["what the isolate computes", "x2", {}],
  [
    "what it interpolates",
    "x2,onerror=interpolate",
    {
      origin: {
        limits: { edgeInputPixels: 0, inputPixels: 256, outputPixels: 100, avifPixels: 100 },
        upscale: () => Promise.reject(new ServiceError("origin_failed", "down")),
      },
    },
  ],
])("decodes no picture beside another: %s", async (_, ops, broken) => {
  const turnstile = { run: () => Promise.reject(new ServiceError("overloaded", "Others are inside")) };
  const decode = vi.fn(deps({}).renderer.codecs.decode);
  const codecs = { ...deps({}).renderer.codecs, decode };
  const renderer = { ...deps({}).renderer, codecs };
  expect((await request({ ...broken, turnstile, renderer }, `/img/${ops}/a.png`)).status).toBe(503);
  expect(decode).not.toHaveBeenCalled();
});

it("is to be asked for again where another's result was deleted as soon as it was made", async () => {
  const response = await request({ results: { ...deps({}).results, head: async () => ({ facts: FACTS }) } });
  expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
});

it.each([
  ["GET", "does not answer", { get: secret }],
  ["HEAD", "does not answer", { head: secret }],
  ["GET", "has lost what another made", { head: async () => ({ facts: FACTS }) }],
])("answers %s with what was asked for in case of failure where the store %s", async (method, _, broken) => {
  const openSource = async () => ({ version: "v1", publicUrl: "/a.png", read: async () => TWO_PIXELS });
  const results = { ...deps({}).results, ...broken };
  const response = await request({ openSource, results }, "/img/x2,onerror=original/a.png", { method });
  expect([response.status, response.headers.get("location")]).toEqual([302, "/a.png"]);
});

it("computes nothing for HEAD, though it may be interpolated and the source can be read again", async () => {
  const read = vi.fn(async () => TWO_PIXELS).mockRejectedValueOnce(new Error("reset"));
  const decode = vi.fn(deps({}).renderer.codecs.decode);
  const renderer = { ...deps({}).renderer, codecs: { ...deps({}).renderer.codecs, decode } };
  const broken = { openSource: async () => ({ version: "v1", read }), renderer };
  expect((await request(broken, "/img/x2,onerror=interpolate/a.png", { method: "HEAD" })).status).toBe(500);
  expect(decode).not.toHaveBeenCalled();
});

describe("what an origin made", () => {
  /** Leaves everything to an origin, whose bytes differ from the stored ones. */
  const origin = {
    limits: { edgeInputPixels: 0, inputPixels: 256, outputPixels: 100, avifPixels: 100 },
    upscale: async () => ({ bytes: Uint8Array.from([4, 5, 6]), model: "fake-x2" }),
  };
  const facts = { format: "png", engine: "origin", model: "fake-x2", sourceWidth: 1, sourceHeight: 1 } as const;
  const { results } = deps({});

  it("is answered under a strong ETag once it is stored, from the store", async () => {
    const fromStore = vi.fn(results.get).mockResolvedValue({ facts, bytes: 3, body: Uint8Array.from([4, 5, 7]) });
    const get = fromStore.mockResolvedValueOnce(undefined);
    const response = await request({ origin, results: { ...results, get } });
    expect(response.headers.get("cache-status")).toBe("ssiu-edge; fwd=uri-miss; stored");
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(Uint8Array.from([4, 5, 7]));
    expect(response.headers.get("etag")).toMatch(/^"[0-9a-f]{64}"$/);
  });

  it("is read from the store in the part that was asked for", async () => {
    const range = { offset: 0, length: 1 };
    const get = vi.fn(results.get).mockResolvedValue({ facts, bytes: 3, body: Uint8Array.of(4), range });
    const broken = { origin, results: { ...results, get: get.mockResolvedValueOnce(undefined) } };
    expect((await request(broken, undefined, { headers: { Range: "bytes=0-0" } })).status).toBe(206);
    expect(get).toHaveBeenLastCalledWith(expect.stringMatching(/^r1/), "bytes=0-0");
  });

  it("is answered as it is where it was stored and cannot be read", async () => {
    const get = vi.fn(results.get).mockRejectedValue(new Error("gone")).mockResolvedValueOnce(undefined);
    const response = await request({ origin, results: { ...results, get } });
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(Uint8Array.from([4, 5, 6]));
    expect(response.headers.get("etag")).toMatch(/^"[0-9a-f]{64}"$/);
  });

  it("gives way to what another request has stored meanwhile", async () => {
    const get = vi.fn(results.get).mockResolvedValue({ facts, bytes: 2, body: Uint8Array.from([7, 8]) });
    const response = await request({
      origin,
      results: { ...results, get: get.mockResolvedValueOnce(undefined), put: async () => false },
    });
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(Uint8Array.from([7, 8]));
    expect(response.headers.get("etag")).toMatch(/^"[0-9a-f]{64}"$/);
  });

  it("is answered under a weak ETag where another's was stored and cannot be read", async () => {
    const get = vi.fn(results.get).mockRejectedValue(new Error("gone")).mockResolvedValueOnce(undefined);
    const response = await request({ origin, results: { ...results, get, put: async () => false } });
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(Uint8Array.from([4, 5, 6]));
    expect(response.headers.get("etag")).toMatch(/^W\/"[0-9a-f]{64}"$/);
  });

  it("is answered under a weak ETag if it cannot be stored: it may not be made the same again", async () => {
    const response = await request({ origin, results: { ...results, put: secret } });
    expect(response.headers.get("cache-status")).toBe("ssiu-edge; fwd=uri-miss");
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(Uint8Array.from([4, 5, 6]));
    expect(response.headers.get("etag")).toMatch(/^W\/"[0-9a-f]{64}"$/);
  });

  it("completes no part of what was made before if it cannot be stored", async () => {
    const etag = (await request({ origin })).headers.get("etag") ?? "";
    const headers = { Range: "bytes=1-", "If-Range": etag };
    expect((await request({ origin }, undefined, { headers })).status).toBe(206);
    const response = await request({ origin, results: { ...results, put: secret } }, undefined, { headers });
    expect(response.status).toBe(200);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(Uint8Array.from([4, 5, 6]));
  });
});

it("says how it is now, to caches too", async () => {
  const { status, headers } = await request({}, "/healthz");
  expect([status, headers.get("cache-control")]).toEqual([200, "no-store"]);
});
