import { expect, it } from "vitest";
import { parseRetryAfter } from "../../../src/core/retry-after.ts";

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
