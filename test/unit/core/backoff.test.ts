import { expect, it } from "vitest";
import { growingDelay, parseRetryAfter, withJitter } from "../../../src/core/backoff.ts";

it("doubles a delay with each attempt, up to the most", () => {
  const delays = [1, 2, 3, 4, 5, 60].map((attempt) => growingDelay(attempt, { base: 10, max: 100 }));
  expect(delays).toEqual([10, 20, 40, 80, 100, 100]);
});

it("adds up to a fifth by chance and takes nothing away", () => {
  expect(withJitter(100, () => 0)).toBe(100);
  expect(withJitter(100, () => 0.999)).toBeCloseTo(119.98);
});

it.each([
  ["120", 120_000],
  ["0", 0],
  ["Tue, 24 Nov 2026 12:00:30 GMT", 30_000],
  ["Tue, 24 Nov 2026 11:00:00 GMT", 0],
  ["soon", undefined],
  [null, undefined],
])("reads Retry-After: %s", (header, ms) => {
  expect(parseRetryAfter(header, Date.UTC(2026, 10, 24, 12))).toBe(ms);
});
