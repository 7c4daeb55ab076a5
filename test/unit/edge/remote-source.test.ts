import { describe, expect, it, vi } from "vitest";
import { parseAllowList } from "../../../src/core/allow-list.ts";
import { remoteSource } from "../../../src/edge/remote-source.ts";
import type { Source } from "../../../src/edge/sources.ts";

// What another server sees of us, and that its answers are let go. test/edge/remote-source.test.ts tests the rest in workerd.

const URL_A = "https://example.com/a.png";
const noRoomNeeded = async () => {};

function open(fetch: (url: URL, init: RequestInit) => Promise<Response>, { timeoutMs = 1000 } = {}) {
  const allowed = parseAllowList("https://example.com", "ALLOWED");
  return remoteSource({ fetch, pieces: (body) => body, allowed, timeoutMs, maxBytes: 10 })(URL_A, noRoomNeeded);
}

describe("another server", () => {
  it("is told who asks, by which way, and for bytes as they are, is followed nowhere by itself, and asked though a cache may know", async () => {
    const fetch = vi.fn(async (_url: URL, _init: RequestInit) => new Response("a", { headers: { ETag: '"1"' } }));
    await open(fetch);
    expect(fetch.mock.calls).toEqual([
      [
        new URL(URL_A),
        {
          cache: "no-cache",
          redirect: "manual",
          headers: {
            Accept: "image/*",
            "Accept-Encoding": "identity",
            "User-Agent": "ssiu-edge",
            Via: "1.1 ssiu-edge",
          },
          signal: expect.any(AbortSignal),
        },
      ],
    ]);
  });

  it.each([
    ["sends elsewhere", 302, { Location: "/b.png" }],
    ["fails", 500, {}],
  ])("that %s is not kept sending", async (_, status, headers) => {
    const cancel = vi.fn();
    const answers = [new Response(new ReadableStream({ cancel }), { status, headers })];
    await open(async () => answers.shift() ?? new Response("a", { headers: { ETag: '"1"' } })).catch(() => {});
    expect(cancel).toHaveBeenCalledOnce();
  });

  it.each([
    ["longer than it may be", (source: Source) => source.read(10).catch(() => {})],
    ["that nobody wants any more", (source: Source) => source.close?.()],
  ])("stops sending a picture %s", async (_, end) => {
    let signal: AbortSignal | null | undefined;
    const source = await open(async (_, init) => {
      signal = init.signal;
      return new Response(new ReadableStream(), { headers: { ETag: '"1"', "Content-Length": "11" } });
    });
    expect(signal?.aborted).toBe(false);
    if (source) await end(source);
    expect(signal?.aborted).toBe(true);
  });

  it("has its time for each answer, and none once that has come", async () => {
    let signal: AbortSignal | null | undefined;
    const source = await open(
      async (_, init) => {
        signal = init.signal;
        return new Response("a", { headers: { ETag: '"1"' } });
      },
      { timeoutMs: 20 },
    );
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(await source?.read(10)).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(signal?.aborted).toBe(false);
  });
});

it("has no more time for a body in many pieces, each of which waits for room", async () => {
  const source = await open(
    async (_, { signal }) => {
      let sent = 0;
      const pull = async (controller: ReadableStreamDefaultController) => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        if (signal?.aborted) controller.error(signal.reason);
        else if (sent++ === 100) controller.close();
        else controller.enqueue(new Uint8Array(1));
      };
      return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), { headers: { ETag: '"1"' } });
    },
    { timeoutMs: 50 },
  );
  await expect(source?.read(1000)).rejects.toMatchObject({ code: "deadline_exceeded" });
});

it("is asked once for a body that is read again, which is held to each limit", async () => {
  const fetch = vi.fn(async () => new Response("abc"));
  const source = await open(fetch);
  expect(await source?.read(3)).toHaveLength(3);
  await expect(source?.read(2)).rejects.toMatchObject({ code: "source_too_large" });
  expect(fetch).toHaveBeenCalledOnce();
});

it.each([
  ["nothing", {}],
  ["a weak ETag", { ETag: 'W/"1"' }],
  ["a date without a length", { "Last-Modified": "Tue, 15 Nov 1994 12:45:26 GMT" }],
  ["a length without a date", { "Content-Length": "3" }],
])("has a version by its bytes where its server says %s", async (_, headers) => {
  const version = async (body: string) => (await open(async () => new Response(body, { headers })))?.version;
  const first = await version("abc");
  expect(first).toMatch(/^sha256 /);
  expect(await version("abd")).not.toBe(first);
});
