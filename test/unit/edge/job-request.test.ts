import { expect, it } from "vitest";
import * as z from "zod";
import { parseWebhookKeys } from "../../../src/core/webhook.ts";
import { checkCallback, JobFields, parseBody, parseJobPath, SeveralOps } from "../../../src/edge/jobs/job-request.ts";

const webhookKeys = parseWebhookKeys("whsec_c3NpdS1lZGdlLWxvY2FsLXdlYmhvb2tz", "KEYS");

it.each([
  ["with a password", "https://user:secret@example.com/?token=secret", { webhookKeys }],
  ["to ourselves", "https://own.example.com/?token=secret", { webhookKeys }],
  ["where there is no key", "https://example.com/?token=secret", { webhookKeys: [] }],
])("tells and logs no more of a refused callback %s than its origin", (_, callback, config) => {
  const check = () => checkCallback(callback, "own.example.com", { allowLocalCallbacks: false, ...config });
  expect(check).toThrow(
    expect.objectContaining({
      code: "invalid_job",
      message: expect.stringMatching(/got "https:\/\/(own\.)?example\.com"$/),
    }),
  );
});

it("takes a callback at another port of ours where it may be on this machine", () => {
  const check = (callback: string) => () =>
    checkCallback(callback, "localhost:8787", { allowLocalCallbacks: true, webhookKeys });
  expect(check("http://localhost:9000/")).not.toThrow();
  expect(check("http://localhost:8787/")).toThrow("Expected another host than ours for callback");
});

it("tells the scheme of a callback that has no origin", () => {
  const check = () => checkCallback("javascript:secret", undefined, { allowLocalCallbacks: false, webhookKeys });
  expect(check).toThrow('Expected a public https address for callback, got "javascript:"');
});

it.each([
  [{}, "Expected a string of 1 to 1024 characters for source"],
  [{ source: 1 }, "Expected a string of 1 to 1024 characters for source"],
  [{ source: "" }, "Expected a string of 1 to 1024 characters for source"],
  [{ source: "a".repeat(1025) }, "Expected a string of 1 to 1024 characters for source"],
  [{ source: "a.png", callback: "here" }, "Expected a URL for callback"],
  [{ source: "a.png", callback: null }, "Expected a URL for callback"],
  [
    { source: "a.png", callback: `https://a.example/${"a".repeat(2048)}` },
    "Expected at most 2048 characters for callback",
  ],
])("says what it expects in place of %j", (body, message) => {
  expect(() => parseBody(z.strictObject(JobFields), JSON.stringify(body))).toThrow(
    expect.objectContaining({ code: "invalid_job", message }),
  );
});

it.each([
  [[], "Expected an object for body"],
  ["x2", "Expected an object for body"],
  [{ source: "a.png", ops: ["x2"], extra: 1, more: 2 }, "Expected nothing named extra, more for body"],
  [{ source: "a.png" }, "Expected a list of 1 to 10 ops for ops"],
  [{ source: "a.png", ops: "x2" }, "Expected a list of 1 to 10 ops for ops"],
  [{ source: "a.png", ops: [] }, "Expected a list of 1 to 10 ops for ops"],
  [{ source: "a.png", ops: Array(11).fill("x2") }, "Expected a list of 1 to 10 ops for ops"],
  [{ source: "a.png", ops: ["x2", 3] }, "Expected a string of 1 to 512 characters for ops.1"],
])("says it of several ops, and where there are no words for it: %j", (body, message) => {
  expect(() => parseBody(z.strictObject({ ...JobFields, ops: SeveralOps }), JSON.stringify(body))).toThrow(message);
});

it("does not give back or log a body of fields that it does not know", () => {
  const read = () => parseBody(z.strictObject(JobFields), JSON.stringify({ source: "a.png", ["x".repeat(16_000)]: 1 }));
  expect(read).toThrow(expect.objectContaining({ code: "invalid_job", message: expect.stringMatching(/^.{1,300}$/) }));
  expect(read).not.toThrow(expect.objectContaining({ cause: expect.anything() }));
});

it("says of a percent-encoded source that a job takes the key as it is", () => {
  const error = 'Expected a key as it is, nothing percent-encoded for source, got "samples/my%20cat.png"';
  expect(() => parseJobPath({ source: "samples/my%20cat.png", ops: "x2" })).toThrow(error);
  expect(parseJobPath({ source: "samples/my cat.png", ops: "x2" }).source).toBe("samples/my cat.png");
  expect(parseJobPath({ source: "https://a.example/my%20cat.png", ops: "x2" }).source).toContain("my%20cat");
});
