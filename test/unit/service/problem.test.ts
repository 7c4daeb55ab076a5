import { describe, expect, it, vi } from "vitest";
import { type ErrorCode, ServiceError } from "../../../src/core/errors.ts";
import { asServiceError, logError, problem } from "../../../src/service/problem.ts";

const detail = { limit: 10, actual: 12, unit: "bytes" };
const EVERY = {
  "content-type": "application/problem+json",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-request-id": "r-1",
};

describe("problem", () => {
  it.each<[ErrorCode, Record<string, string>]>([
    ["invalid_path", {}],
    ["unauthorized", { "www-authenticate": "Bearer" }],
    ["source_not_found", {}],
    ["range_not_satisfiable", { "content-range": "bytes */10" }],
    ["too_many_requests", { "retry-after": "7" }],
    ["internal", {}],
    ["source_changed", { "retry-after": "7" }],
    ["deadline_exceeded", {}],
  ])("of %s has the headers of its status and no others", async (code, headers) => {
    const error = new ServiceError(code, "why", { detail, retryAfterSeconds: 7, cause: new Error("secret") });
    const answer = problem(error, "r-1");
    expect(answer.status).toBe(error.status);
    expect(Object.fromEntries(answer.headers)).toEqual({ ...EVERY, ...headers });
    expect(await answer.json()).toEqual({
      type: "about:blank",
      title: expect.stringMatching(/^[A-Z]/),
      status: error.status,
      code,
      detail: "why",
      ...detail,
      requestId: "r-1",
    });
  });

  it("says to come back in a second where nobody knows better", () => {
    expect(problem(new ServiceError("overloaded", "why"), "r-1").headers.get("Retry-After")).toBe("1");
  });
});

it("tells the log of a mistake of ours what the client is not told", () => {
  const [error, info] = [vi.spyOn(console, "error"), vi.spyOn(console, "info")].map((spy) => spy.mockReturnValue());
  logError("r-1", new RangeError("secret"));
  logError("r-2", new ServiceError("not_found", "what", { cause: "why" }));
  expect(asServiceError(new RangeError("secret"))).toMatchObject({
    code: "internal",
    message: expect.not.stringContaining("secret"),
  });
  const lines = (spy: typeof error) => spy?.mock.calls.map(([line]) => JSON.parse(`${line}`));
  expect(lines(error)).toEqual([
    {
      requestId: "r-1",
      code: "internal",
      message: expect.any(String),
      cause: expect.stringMatching(/^RangeError: secret\n/),
    },
  ]);
  expect(lines(info)).toEqual([{ requestId: "r-2", code: "not_found", message: "what", cause: "why" }]);
});
