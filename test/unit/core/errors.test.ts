import { expect, it } from "vitest";
import { expected, ServiceError } from "../../../src/core/errors.ts";

it("shows no more than 80 characters of what it got", () => {
  expect(expected("x", "y", "a".repeat(80))).toBe(`Expected x for y, got "${"a".repeat(80)}"`);
  expect(expected("x", "y", "a".repeat(81))).toBe(`Expected x for y, got "${"a".repeat(80)}…"`);
});

it("keeps what it is made of", () => {
  const detail = { limit: 1, actual: 2, unit: "px" };
  const error = new ServiceError("too_many_requests", "why", { cause: "cause", detail, retryAfterSeconds: 3 });
  expect(error).toMatchObject({
    name: "ServiceError",
    message: "why",
    status: 429,
    cause: "cause",
    detail,
    retryAfterSeconds: 3,
  });
});
