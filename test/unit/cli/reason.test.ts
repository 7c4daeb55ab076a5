import { expect, test } from "vitest";
import { reasonOf } from "../../../src/cli/reason.ts";

test.each([
  ["a", new Error("a")],
  ["a: b: c", new Error("a", { cause: new Error("b", { cause: "c" }) })],
  // Node's error when none of the addresses of a name, such as localhost, can be reached.
  [
    "fetch failed: ::1, 127.0.0.1",
    new TypeError("fetch failed", { cause: new AggregateError([new Error("::1"), new Error("127.0.0.1")]) }),
  ],
])("says %j", (reason, error) => {
  expect(reasonOf(error)).toBe(reason);
});
