import { describe, expect, it } from "vitest";
import { pngChunk } from "../../../src/codecs/png-container.ts";
import { be32, concat } from "../../../src/core/bytes.ts";
import { ServiceError } from "../../../src/core/errors.ts";
import { contentDigest } from "../../../src/core/origin-request.ts";
import { PIPELINE_VERSION } from "../../../src/core/result-key.ts";
import { type Expectation, readAnswer } from "../../../src/edge/origin-answer.ts";
import { avifFile, box, ispe } from "../avif-file.ts";
import { PIXEL } from "./pixel.ts";

// All that may be wrong with an answer. test/edge/origin-faults.test.ts tests in workerd what becomes of the request.

const MODEL = "ssiu-x2-01234567";
/** EXIF data with orientation 3. */
const EXIF_3 = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 3, 0, 0, 0, 0, 0, 0];
const EXPECTED: Expectation = {
  format: "png",
  width: 1,
  height: 1,
  models: ["x2-other", MODEL],
  maxBytes: 1000,
  reserve: async () => {},
};

/** An AVIF of 2x2 pixels, cropped to 1x1 in the corner; its AV1 data are only a sequence header. */
const CROPPED = avifFile({
  items: [{ type: "av01", data: Uint8Array.of(0x0a, 8, 0x38, 0x26, 0x40, 0x10, 4, 0, 0, 0), properties: [1, 2] }],
  properties: [ispe(2, 2), box("clap", ...[1, 1, 1, 1, -1, 2, -1, 2].map(be32))],
});

/** A body of these pieces; `seen` tells how often it was pulled and whether it was cancelled. */
function sent(...pieces: Uint8Array[]) {
  const seen = { pulls: 0, isCancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = pieces[seen.pulls++];
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
      cancel() {
        seen.isCancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, seen };
}

/** {@link PIXEL} with a chunk after its header. */
function withChunk(type: string, ...data: number[]): Uint8Array<ArrayBuffer> {
  return concat([PIXEL.subarray(0, 33), pngChunk(type, Uint8Array.from(data)), PIXEL.subarray(33)]);
}

async function headers(bytes: Uint8Array, others: Record<string, string> = {}): Promise<Record<string, string>> {
  return {
    "Content-Type": "image/png",
    "X-SSIU-Pipeline": `${PIPELINE_VERSION}`,
    "X-SSIU-Model": MODEL,
    "Content-Length": `${bytes.length}`,
    "Content-Digest": await contentDigest(bytes),
    ...others,
  };
}

const read = (response: Response, expectation: Partial<Expectation> = {}) =>
  readAnswer(response, { ...EXPECTED, ...expectation }, Date.parse("2026-11-27T00:00:00Z"));

describe("a result", () => {
  it("is believed where all that it says is so", async () => {
    const { body } = sent(PIXEL.subarray(0, 20), PIXEL.subarray(20));
    expect(await read(new Response(body, { headers: await headers(PIXEL) }))).toEqual({
      alive: true,
      rendered: { bytes: PIXEL, model: MODEL },
    });
  });

  it("that is too long is refused unread, and the origin not blamed", async () => {
    const { body, seen } = sent(PIXEL);
    const answer = await read(new Response(body, { headers: await headers(PIXEL) }), { maxBytes: PIXEL.length - 1 });
    const detail = { limit: PIXEL.length - 1, actual: PIXEL.length, unit: "bytes" };
    expect(answer).toEqual({ alive: true, error: expect.objectContaining({ code: "image_too_large", detail }) });
    expect(seen).toEqual({ pulls: 0, isCancelled: true });
  });

  it("for which there is no room is left unread, and the origin not blamed", async () => {
    const { body, seen } = sent(PIXEL);
    const error = new ServiceError("overloaded", "no room");
    const reserve = (bytes: number) => (bytes === PIXEL.length ? Promise.reject(error) : Promise.resolve());
    expect(await read(new Response(body, { headers: await headers(PIXEL) }), { reserve })).toEqual({
      alive: true,
      error,
    });
    expect(seen).toEqual({ pulls: 0, isCancelled: true });
    // The body fails because the time was up while it waited for room.
    const gone = new ReadableStream({ start: (controller) => controller.error(new Error("aborted")) });
    expect(await read(new Response(gone, { headers: await headers(PIXEL) }), { reserve })).toEqual({
      alive: true,
      error,
    });
  });

  it.each([
    ["media type", { "Content-Type": "image/webp" }],
    ["model", { "X-SSIU-Model": "none" }],
    ["version", { "X-SSIU-Pipeline": `${PIPELINE_VERSION - 1}` }],
    ["length", { "Content-Length": "many" }],
  ])("of another %s is left unread", async (_, other) => {
    const { body, seen } = sent(PIXEL);
    const answer = await read(new Response(body, { headers: await headers(PIXEL, other) }));
    expect(answer).toEqual({ alive: false, error: expect.objectContaining({ code: "origin_failed" }) });
    expect(seen).toEqual({ pulls: 0, isCancelled: true });
  });

  it("that is longer or shorter than it says is a broken connection", async () => {
    for (const length of [PIXEL.length - 1, PIXEL.length + 1]) {
      const announced = await headers(PIXEL, { "Content-Length": `${length}` });
      const answer = read(new Response(sent(PIXEL.subarray(0, 9), PIXEL.subarray(9)).body, { headers: announced }));
      await expect(answer).rejects.toThrow(`Expected a body of ${length} bytes`);
    }
  });

  it.each<[string, Uint8Array, Partial<Expectation>, Record<string, string>]>([
    ["of other bytes than its digest's", PIXEL, {}, { "Content-Digest": "sha-256=:AA==:" }],
    ["of another width", PIXEL, { width: 2 }, {}],
    ["of another height", PIXEL, { height: 2 }, {}],
    ["of another format", PIXEL, { format: "webp" }, { "Content-Type": "image/webp" }],
    ["that moves", withChunk("acTL", 0, 0, 0, 2, 0, 0, 0, 0), {}, {}],
    ["that lies upside down", withChunk("eXIf", ...EXIF_3), {}, {}],
    ["of which a part shows", CROPPED, { format: "avif", width: 2, height: 2 }, { "Content-Type": "image/avif" }],
  ])("%s is refused", async (_, bytes, size, other) => {
    const response = new Response(sent(bytes).body, { headers: await headers(bytes, other) });
    const answer = await read(response, { maxBytes: bytes.length, ...size });
    expect(answer).toEqual({ alive: false, error: expect.objectContaining({ code: "origin_failed" }) });
  });
});

describe("a problem", () => {
  it.each([
    [415, { code: "unsupported_format" }, true, "unsupported_format"],
    [422, { code: "undecodable_image" }, true, "undecodable_image"],
    [413, { code: "image_too_large", limit: 1, actual: 2, unit: "px" }, true, "image_too_large"],
    [413, { code: "source_too_large", limit: 1, actual: 2, unit: "bytes" }, true, "source_too_large"],
    [413, { code: "unsupported_format" }, false, "origin_failed"],
    [422, { code: "internal" }, false, "origin_failed"],
    [500, { code: "image_too_large" }, false, "origin_failed"],
    [504, {}, false, "deadline_exceeded"],
  ])("of %i and %j: the origin works %s, and it is %s", async (status, body, alive, code) => {
    const { error, ...outcome } = (await read(Response.json(body, { status }))) as { error: ServiceError };
    expect({ ...outcome, code: error.code }).toMatchObject({ alive, code });
    const { code: _, ...detail } = { code, ...body };
    expect(error.detail).toEqual("limit" in body ? detail : undefined);
  });

  it.each([
    ["how long, in which it works", { "Retry-After": "3" }, { alive: true, retryInMs: 3000 }, 3],
    ["nothing", {}, { alive: false, retryInMs: 200 }, 1],
  ])("of being busy that says %s", async (_, said, outcome, retryAfterSeconds) => {
    const answer = await read(new Response(null, { status: 503, headers: said }));
    expect(answer).toEqual({ ...outcome, error: expect.objectContaining({ code: "overloaded", retryAfterSeconds }) });
  });

  it.each([
    ["40", 40],
    ["0", 1],
    ["999999999", 3600],
    ["Fri, 31 Dec 9999 23:59:59 GMT", 3600],
    ["Thu, 26 Nov 2026 00:00:00 GMT", 1],
    ["soon", 1],
  ])(
    "of being busy that asks for %s sends clients away for a time that they can live with",
    async (header, seconds) => {
      const answer = await read(new Response("{}", { status: 503, headers: { "Retry-After": header } }));
      expect(answer).toMatchObject({ error: { code: "overloaded", retryAfterSeconds: seconds } });
    },
  );

  it.each([
    [502, "origin_failed", { "Retry-After": "3" }, 3000],
    [502, "origin_failed", {}, 200],
    [504, "deadline_exceeded", { "Retry-After": "3" }, 3000],
    [504, "deadline_exceeded", {}, 200],
  ])(
    "of %i, which is %s, and that says %j is worth another attempt in %i ms",
    async (status, code, said, retryInMs) => {
      const answer = await read(new Response(null, { status, headers: said }));
      expect(answer).toEqual({ alive: false, retryInMs, error: expect.objectContaining({ code }) });
    },
  );

  it("is read no further than any of ours is long", async () => {
    const { body, seen } = sent(...new Array(100).fill(new TextEncoder().encode(" ".repeat(1000))));
    expect(await read(new Response(body, { status: 500 }))).toMatchObject({ alive: false });
    expect(seen).toEqual({ pulls: 5, isCancelled: true });
  });
});
