import { expect, it } from "vitest";
import { growingDelay, withJitter } from "../../../src/core/backoff.ts";

it("doubles a delay with each attempt, up to the most", () => {
  const delays = [1, 2, 3, 4, 5, 60].map((attempt) => growingDelay(attempt, { base: 10, max: 100 }));
  expect(delays).toEqual([10, 20, 40, 80, 100, 100]);
});

it("adds up to a fifth by chance and takes nothing away", () => {
  expect(withJitter(100, () => 0)).toBe(100);
  expect(withJitter(100, () => 0.999)).toBeCloseTo(119.98);
});
