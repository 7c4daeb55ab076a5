import { expect, it, vi } from "vitest";
import { clientOf, rateLimiter } from "../../../src/edge/rate-limit.ts";

it.each([
  ["192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8:1:2::6", "2001:db8:1:2"],
  ["2001:db8::1", "2001:db8:0:0"],
  ["2001:db8::2:3:4:5:6", "2001:db8:0:2"],
  ["2001:db8:1::", "2001:db8:1:0"],
  ["::1", "0:0:0:0"],
  ["::", "0:0:0:0"],
  [undefined, ""],
])("a client at %s is %s", (address, client) => {
  expect(clientOf(address)).toBe(client);
});

it("refuses whom the platform refuses, and nobody where it fails", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const outcomes = [{ success: true }, { success: false }, new Error("the platform is ill")];
  const limit = async () => {
    const outcome = outcomes.shift();
    if (outcome === undefined || outcome instanceof Error) throw outcome;
    return outcome;
  };
  const admit = rateLimiter({ limit });
  await admit("192.0.2.1");
  await expect(admit("192.0.2.1")).rejects.toMatchObject({ code: "too_many_requests", retryAfterSeconds: 10 });
  await admit("192.0.2.1");
  expect(console.error).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("the platform is ill"));
  await rateLimiter(undefined)("192.0.2.1");
  vi.restoreAllMocks();
});
