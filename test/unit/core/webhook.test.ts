import { expect, it } from "vitest";
import { parseWebhookKeys, verifyWebhook, webhookHeaders } from "../../../src/core/webhook.ts";

const keysOf = (text: string) => parseWebhookKeys(text, "KEYS");

const NEW = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const OLD = `whsec_${Buffer.alloc(24, 9).toString("base64")}`;
const MESSAGE = { id: "msg_1", body: '{"a":1}' };

it("signs as the example in Svix's documentation of this scheme", () => {
  const keys = keysOf("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
  const message = {
    id: "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
    body: '{"email":"test@example.com","username":"test_user"}',
  };
  expect(webhookHeaders(keys, message, 1_649_367_553_000)["webhook-signature"]).toBe(
    "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
  );
});

it("signs with each key, and each alone verifies", () => {
  const headers = new Headers(webhookHeaders(keysOf(`${NEW}, ${OLD}`), MESSAGE, Date.now()));
  expect(headers.get("webhook-signature")?.split(" ")).toHaveLength(2);
  for (const key of [NEW, OLD]) expect(verifyWebhook(keysOf(key), headers, MESSAGE.body)).toBe("msg_1");
});

it.each<[string, Partial<{ body: string; headers: Record<string, string>; keys: string; sentAtMs: number }>]>([
  ["another body", { body: '{"a":2}' }],
  ["another id", { headers: { "webhook-id": "msg_2" } }],
  ["a signature cut short", { headers: { "webhook-signature": "v1,tZ1I" } }],
  ["a signature of another version", { headers: { "webhook-signature": "v2,AAAA" } }],
  ["nothing", { headers: { "webhook-signature": "" } }],
  ["a key that is not known", { keys: OLD }],
  ["a message six minutes old", { sentAtMs: Date.now() - 360_000 }],
  ["a message from in six minutes", { sentAtMs: Date.now() + 360_000 }],
])("refuses %s", (_, { body = MESSAGE.body, headers = {}, keys = NEW, sentAtMs = Date.now() }) => {
  const signed = { ...webhookHeaders(keysOf(NEW), MESSAGE, sentAtMs), ...headers };
  expect(() => verifyWebhook(keysOf(keys), new Headers(signed), body)).toThrowError(
    expect.objectContaining({ code: "signature_invalid" }),
  );
});

it("refuses everything where there is no key", () => {
  const headers = new Headers(webhookHeaders(keysOf(NEW), MESSAGE, Date.now()));
  expect(() => verifyWebhook([], headers, MESSAGE.body)).toThrow();
});

const ofBytes = (length: number) => `whsec_${Buffer.alloc(length, 7).toString("base64")}`;

it("takes keys of 24 to 64 bytes", () => {
  expect(keysOf(`${ofBytes(24)},${ofBytes(64)}`)).toHaveLength(2);
  for (const length of [23, 65]) expect(() => keysOf(ofBytes(length))).toThrow(TypeError);
});

it("tells the time in whole seconds", () => {
  expect(webhookHeaders(keysOf(NEW), MESSAGE, 1999)["webhook-timestamp"]).toBe("1");
});

it.each(["", "whsec_", "whsec_c2hvcnQ=", OLD.slice(6), `${OLD},whsec_!`])("does not take %j for keys", (text) => {
  expect(() => keysOf(text)).toThrow(TypeError);
});
