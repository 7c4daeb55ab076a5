import { expect, it, vi } from "vitest";
import { parseKeyring } from "../../../src/core/keyring.ts";
import { contentDigest } from "../../../src/core/origin-request.ts";
import { createOriginClient } from "../../../src/edge/origin-client.ts";
import { PIXEL } from "./pixel.ts";

// What an origin is asked, and when. test/edge/origin-faults.test.ts and origin-recovery.test.ts test its answers in workerd.

const CONFIG = {
  url: "https://origin.example.com/ssiu",
  keys: parseKeyring("k1:0123456789abcdef", "KEYS"),
  deadlineMs: 5000,
  resultBytes: 1000,
  limits: { edgeInputPixels: 0, inputPixels: 1, outputPixels: 1, avifPixels: 1 },
};
const SIZE = { width: 1, height: 1 };
const WINDOW = { x: 0, y: 0, ...SIZE };
const JOB = {
  bytes: PIXEL,
  transform: { scale: 1, format: "auto" },
  plan: { scale: 1, region: WINDOW, window: WINDOW, size: SIZE, canvas: SIZE, format: "png" },
  holding: { result: async () => {} },
} as const;

/** An origin that first answers 503 and then 422, each time after `tookMs`. */
function busyOnce(busy: ResponseInit["headers"] = {}, tookMs = 1000) {
  let nowMs = 1_000_000;
  const answers = [Response.json({}, { status: 503, headers: busy })];
  const fetch = vi.fn(async (..._: Parameters<typeof globalThis.fetch>) => {
    nowMs += tookMs;
    return answers.shift() ?? Response.json({ code: "undecodable_image" }, { status: 422 });
  });
  return { fetch, origin: createOriginClient(CONFIG, { fetch, now: () => nowMs }) };
}

it.each([
  [1000, "1", "undecodable_image", 2],
  // A retry would be in time, but holding a source for so long keeps others out.
  [1000, "2", "overloaded", 1],
  [4000, "1", "overloaded", 1],
])(
  "told after %i ms to come back in %s s, of 5 in all, says %s after asking %i times",
  async (tookMs, seconds, code, attempts) => {
    const { fetch, origin } = busyOnce({ "Retry-After": seconds }, tookMs);
    await expect(origin.upscale(JOB, "request-1")).rejects.toMatchObject({ code });
    expect(fetch).toHaveBeenCalledTimes(attempts);
  },
);

it("says what the last attempt met where that closed the way to the next, and only to who comes later that there is none", async () => {
  let nowMs = 1_000_000;
  const fetch = vi.fn(() => Promise.reject(new Error("refused")));
  const origin = createOriginClient(CONFIG, { fetch, now: () => nowMs });
  const ask = () => origin.upscale(JOB, "request-1");
  const unreachable = { code: "origin_failed", cause: new Error("refused") };
  for (const attempts of [2, 4, 5]) {
    await expect(ask()).rejects.toMatchObject(unreachable);
    expect(fetch).toHaveBeenCalledTimes(attempts);
  }
  await expect(ask()).rejects.toMatchObject({ code: "overloaded", retryAfterSeconds: 10 });
  nowMs += 10_000;
  await expect(ask()).rejects.toMatchObject(unreachable);
  expect(fetch).toHaveBeenCalledTimes(6);
});

it("tells the origin with each attempt which request it is and how much of its time is left", async () => {
  const { fetch, origin } = busyOnce();
  await expect(origin.upscale(JOB, "request-1")).rejects.toMatchObject({ code: "undecodable_image" });

  const digest = await contentDigest(PIXEL);
  const asked = (seconds: number, leftMs: number) => [
    "https://origin.example.com/ssiu/v1/upscale?x1,format=png",
    {
      method: "POST",
      body: PIXEL,
      redirect: "manual",
      signal: expect.any(AbortSignal),
      headers: {
        "User-Agent": "ssiu-edge",
        "Content-Type": "application/octet-stream",
        "Content-Digest": digest,
        "X-SSIU-Timestamp": `${seconds}`,
        "X-SSIU-Key-Id": "k1",
        "X-SSIU-Signature": expect.stringMatching(/^[\w-]{43}$/),
        "X-SSIU-Deadline-Ms": `${leftMs}`,
        "X-Request-Id": "request-1",
      },
    },
  ];
  expect(fetch.mock.calls).toEqual([asked(1000, 5000), asked(1001, 4000)]);
});
