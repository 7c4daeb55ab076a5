import { expect, it, vi } from "vitest";
import { parseKeyring } from "../../../src/core/keyring.ts";
import { contentDigest } from "../../../src/core/origin-request.ts";
import { createOriginClient } from "../../../src/edge/origin-client.ts";
import { PIXEL } from "./pixel.ts";

// What an origin is told; what it may answer is tested in workerd (test/edge/origin-faults.test.ts, origin-recovery.test.ts).

it("tells the origin with each attempt which request it is and how much of its time is left", async () => {
  let nowMs = 1_000_000;
  const statuses = [503, 422];
  const fetch = vi.fn(async (..._: Parameters<typeof globalThis.fetch>) => {
    nowMs += 1000;
    return Response.json({ code: "undecodable_image" }, { status: statuses.shift() ?? 500 });
  });
  const config = {
    url: "https://origin.example.com/ssiu",
    keys: parseKeyring("k1:0123456789abcdef", "KEYS"),
    deadlineMs: 5000,
    resultBytes: 1000,
    limits: { edgeInputPixels: 0, inputPixels: 1, outputPixels: 1, avifPixels: 1 },
  };
  const origin = createOriginClient(config, { fetch, now: () => nowMs });
  const size = { width: 1, height: 1 };
  const window = { x: 0, y: 0, ...size };
  const plan = { scale: 1, region: window, window, size, canvas: size, format: "png" } as const;
  const job = {
    bytes: PIXEL,
    transform: { scale: 1, format: "auto" },
    plan,
    holding: { result: async () => {} },
  } as const;
  await expect(origin.upscale(job, "request-1")).rejects.toMatchObject({ code: "undecodable_image" });

  const digest = await contentDigest(PIXEL);
  const asked = (seconds: number, leftMs: number) => [
    "https://origin.example.com/ssiu/v1/upscale?x1,format=png",
    {
      method: "POST",
      body: PIXEL,
      redirect: "manual",
      signal: expect.any(AbortSignal),
      headers: {
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
