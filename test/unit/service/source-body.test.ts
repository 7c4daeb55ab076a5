import { describe, expect, it } from "vitest";
import { readSource } from "../../../src/service/source-body.ts";

/** A body of chunks; `pulled` tells how many of them have been asked for. */
function sent(lengths: readonly number[], announced?: string) {
  let pulls = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull(controller) {
        const length = lengths[pulls++];
        if (length === undefined) controller.close();
        else controller.enqueue(new Uint8Array(length).fill(pulls));
      },
    },
    { highWaterMark: 0 },
  );
  const headers = new Headers(announced === undefined ? {} : { "Content-Length": announced });
  return { headers, body, pulled: () => pulls };
}

const tooLarge = (actual: number) =>
  expect.objectContaining({ code: "source_too_large", detail: { limit: 10, actual, unit: "bytes" } });

describe("readSource", () => {
  it.each([
    ["what was announced, in one piece", [3, 7], "10", [10]],
    ["each piece that was not announced", [3, 7], undefined, [0, 3, 10]],
    ["what comes beyond what was announced", [3, 7], "4", [4, 10]],
    ["each piece where what is announced is no number", [3, 7], "many", [0, 3, 10]],
  ])("asks for room for %s, before it is kept", async (_, lengths, announced, asked) => {
    const reserved: number[] = [];
    const bytes = await readSource(sent(lengths, announced), 10, async (size) => {
      reserved.push(size);
    });
    expect(reserved).toEqual(asked);
    expect([...bytes]).toEqual([1, 1, 1, 2, 2, 2, 2, 2, 2, 2]);
  });

  it("refuses what is announced as too large without reading it", async () => {
    const source = sent([11], "11");
    await expect(readSource(source, 10)).rejects.toEqual(tooLarge(11));
    expect(source.pulled()).toBe(0);
  });

  it("reads no further than to where it is too large, whatever was announced", async () => {
    const source = sent([10, 1, 5, 5], "9");
    await expect(readSource(source, 10)).rejects.toEqual(tooLarge(11));
    expect(source.pulled()).toBe(2);
  });

  it("reads nothing where there is no room", async () => {
    const source = sent([3]);
    const full = new Error("full");
    await expect(readSource(source, 10, () => Promise.reject(full))).rejects.toBe(full);
    expect(source.pulled()).toBe(0);
  });

  it("is empty where there is no body", async () => {
    expect(await readSource({ headers: new Headers(), body: null }, 10)).toEqual(new Uint8Array());
  });
});
