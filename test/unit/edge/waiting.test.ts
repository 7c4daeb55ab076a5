import { expect, it, vi } from "vitest";
import { parseAllowList } from "../../../src/core/allow-list.ts";
import { parseKeyring } from "../../../src/core/keyring.ts";
import { contentDigest } from "../../../src/core/origin-request.ts";
import { PIPELINE_VERSION } from "../../../src/core/result-key.ts";
import { createOriginClient } from "../../../src/edge/origin-client.ts";
import { remoteSource } from "../../../src/edge/remote-source.ts";
import { PIXEL } from "./pixel.ts";

// Waiting for room in our memory counts against no other server.

/** A body in two pieces that fails when the request is aborted. */
function body(signal: AbortSignal | null | undefined): ReadableStream<Uint8Array> {
  const pieces = [PIXEL.subarray(0, 20), PIXEL.subarray(20)];
  return new ReadableStream(
    {
      pull(controller) {
        const piece = pieces.shift();
        if (signal?.aborted) controller.error(signal.reason);
        else if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
    },
    { highWaterMark: 0 },
  );
}

it.each([
  ["is known", true],
  ["is not known", false],
])("the other server's time stands still while a picture whose length %s waits for room", async (_, isKnown) => {
  const open = remoteSource({
    fetch: async (_, { signal }) => {
      const length = isKnown && { "Content-Length": `${PIXEL.length}` };
      return new Response(body(signal), { headers: { ETag: '"1"', ...length } });
    },
    pieces: (body) => body,
    allowed: parseAllowList("https://example.com", "ALLOWED"),
    timeoutMs: 50,
    maxBytes: 1_000_000,
  });
  const reserve = vi.fn((_bytes: number) => new Promise<void>((resolve) => setTimeout(resolve, 200)));
  const source = await open("https://example.com/a.png", reserve);
  expect(await source?.read(1_000_000)).toEqual(PIXEL);
  expect(reserve.mock.lastCall).toEqual([PIXEL.length]);
});

it("an origin whose answers find no room is not taken for broken", async () => {
  const headers = {
    "Content-Type": "image/png",
    "X-SSIU-Pipeline": `${PIPELINE_VERSION}`,
    "X-SSIU-Model": "none",
    "Content-Length": `${PIXEL.length}`,
    "Content-Digest": await contentDigest(PIXEL),
  };
  const fetch = vi.fn(async () => new Response(PIXEL, { headers }));
  const origin = createOriginClient(
    {
      url: "https://origin.example.com",
      keys: parseKeyring("k1:0123456789abcdef", "KEYS"),
      deadlineMs: 50,
      resultBytes: 1_000_000,
      limits: { edgeInputPixels: 0, inputPixels: 1, outputPixels: 1, avifPixels: 1 },
    },
    { fetch, now: Date.now },
  );
  const size = { width: 1, height: 1 };
  const window = { x: 0, y: 0, ...size };
  const plan = { scale: 1, region: window, window, size, canvas: size, format: "png" } as const;
  const holding = { result: () => new Promise<void>(() => {}) };
  for (let attempt = 1; attempt <= 7; attempt++) {
    const upscale = origin.upscale({ bytes: PIXEL, transform: { scale: 1 }, plan, holding }, "1");
    await expect(upscale).rejects.toMatchObject({ code: "overloaded", message: expect.stringContaining("memory") });
    expect(fetch).toHaveBeenCalledTimes(attempt);
  }
});
