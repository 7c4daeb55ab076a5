import { deflateSync, inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { deflate, inflate } from "../../../src/codecs/deflate.ts";

describe("deflate", () => {
  it("makes one stream of several parts", async () => {
    const parts = [Uint8Array.of(1, 2, 3), new Uint8Array(100_000), Uint8Array.of(4)];
    expect(inflateSync(await deflate(parts)).equals(Buffer.concat(parts))).toBe(true);
    expect(inflateSync(await deflate([])).length).toBe(0);
  });

  it("asks for a part when the one before it has been taken", async () => {
    let asked = 0;
    const parts = function* (): Generator<Uint8Array<ArrayBuffer>> {
      for (; asked < 3; asked++) yield new Uint8Array(10);
    };
    const packed = deflate(parts());
    expect(asked).toBe(0);
    await packed;
    expect(asked).toBe(3);
  });

  it("fails where a part cannot be made", async () => {
    const parts = function* (): Generator<Uint8Array<ArrayBuffer>> {
      yield new Uint8Array(10);
      throw new RangeError("no memory");
    };
    await expect(deflate(parts())).rejects.toThrow("no memory");
  });
});

describe("inflate", () => {
  it("is its inverse, stops at a limit, and gives nothing for damaged data", async () => {
    const packed = await deflate([new Uint8Array(1_000_000)]);
    expect((await inflate(packed, 1_000_000))?.length).toBe(1_000_000);
    expect((await inflate(packed, 1000))?.length).toBeLessThan(200_000);
    expect((await inflate(packed, 200_000))?.length).toBeLessThan(400_000);
    expect(await inflate(deflateSync("a").subarray(0, 5), 1000)).toBeUndefined();
  });
});
