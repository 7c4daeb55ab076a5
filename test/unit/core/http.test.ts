import { describe, expect, it } from "vitest";
import { cappedCacheControl, matchHolds, noneMatchHits, parseRange, parseRetryAfter } from "../../../src/core/http.ts";

describe("noneMatchHits", () => {
  it.each([
    ['"a"', true],
    ['W/"a"', true],
    ['"b", "a"', true],
    ["*", true],
    [" * ", true],
    ["b*", false],
    ['"b"', false],
    ['"aa"', false],
    ["a", false],
    ["", false],
    [undefined, false],
  ])('%s against "a" is %s', (header, hits) => {
    expect(noneMatchHits(header, '"a"')).toBe(hits);
  });
});

describe("matchHolds", () => {
  it.each([
    [undefined, true],
    ["*", true],
    ["b*", false],
    ['"b", "a"', true],
    ['W/"a"', false],
    ['"b"', false],
    ["a", false],
  ])('%s against "a" is %s', (header, holds) => {
    expect(matchHolds(header, '"a"')).toBe(holds);
  });
});

describe("parseRange", () => {
  it.each([
    ["bytes=0-9", { offset: 0, length: 10 }],
    ["Bytes=0-9", { offset: 0, length: 10 }],
    ["bytes=90-", { offset: 90, length: 10 }],
    ["bytes=90-999", { offset: 90, length: 10 }],
    // Some clients send this for the end, wherever it is.
    ["bytes=90-9223372036854775807", { offset: 90, length: 10 }],
    ["bytes=-10", { offset: 90, length: 10 }],
    ["bytes=-999", { offset: 0, length: 100 }],
    ["bytes=99-99", { offset: 99, length: 1 }],
  ])("reads %s of 100 bytes", (header, range) => {
    expect(parseRange(header, 100)).toEqual(range);
  });

  it.each([
    undefined,
    "",
    "bytes=-",
    "bytes=9-1",
    "items=0-1",
    "kilobytes=0-1",
    "bytes=0-1,4-5",
    "bytes=a-b",
    "bytes=0x1-5",
  ])("sends the whole for %s", (header) => {
    expect(parseRange(header, 100)).toBeUndefined();
  });

  it.each(["bytes=100-", "bytes=100-200", "bytes=-0"])("cannot satisfy %s of 100 bytes", (header) => {
    expect(() => parseRange(header, 100)).toThrow(expect.objectContaining({ status: 416 }));
  });

  it("tells of a range of more digits than a number has in a few", () => {
    const said = {
      message: expect.stringMatching(/^.{0,160}$/u),
      detail: { limit: 100, actual: 2 ** 53 - 1, unit: "bytes" },
    };
    expect(() => parseRange(`bytes=${"9".repeat(400)}-`, 100)).toThrow(expect.objectContaining(said));
  });
});

describe("cappedCacheControl", () => {
  it.each([
    ["public, max-age=3600, stale-while-revalidate=86400", 60, "public, max-age=60, must-revalidate"],
    ["public, max-age=3600, s-maxage=7200", 5000, "public, max-age=3600, s-maxage=5000, must-revalidate"],
    ["Public, Max-Age=31536000, Immutable", 1, "public, max-age=1, must-revalidate"],
    ["public, s-maxage=86400", 251607300799, "public, s-maxage=86400, max-age=0, must-revalidate"],
    ["public", 60, "public, max-age=0, must-revalidate"],
    ["no-store", 60, "no-store, max-age=0, must-revalidate"],
  ])("makes of %s, %i s before the end, %s", (value, seconds, capped) => {
    expect(cappedCacheControl(value, seconds)).toBe(capped);
  });
});

describe("parseRetryAfter", () => {
  const NOW = Date.parse("Tue, 24 Nov 2026 10:00:00 GMT");

  it.each([
    ["0", 0],
    ["120", 120_000],
    ["9999999999", 9_999_999_999_000],
    ["Tue, 24 Nov 2026 10:00:30 GMT", 30_000],
    ["Tue, 24 Nov 2026 09:00:00 GMT", 0],
    ["soon", undefined],
    ["", undefined],
    [null, undefined],
  ])("reads %j", (header, ms) => {
    expect(parseRetryAfter(header, NOW)).toBe(ms);
  });
});
