import { createHmac } from "node:crypto";
import { expect, it } from "vitest";
import { parseKeyring } from "../../../src/core/keyring.ts";

const OLD = "old:0123456789abcdef";
const NEW = "new:fedcba9876543210";

it("signs with the first key, as any HMAC-SHA256 does", async () => {
  const keys = parseKeyring(`${NEW},${OLD}`, "KEYS");
  expect(keys.id).toBe("new");
  expect(Buffer.from(await keys.sign("message")).toString("hex")).toBe(
    createHmac("sha256", "fedcba9876543210").update("message").digest("hex"),
  );
});

it("verifies what an older key signed, until that key is taken away", async () => {
  const signature = await parseKeyring(OLD, "KEYS").sign("message");
  expect(await parseKeyring(`${NEW}, ${OLD}`, "KEYS").verify("old", "message", signature)).toBe(true);
  expect(await parseKeyring(NEW, "KEYS").verify("old", "message", signature)).toBe(false);
});

it("refuses another message, another key's id, and a signature cut short", async () => {
  const keys = parseKeyring(`${NEW},${OLD}`, "KEYS");
  const signature = await keys.sign("message");
  expect(await keys.verify("new", "massage", signature)).toBe(false);
  expect(await keys.verify("old", "message", signature)).toBe(false);
  expect(await keys.verify("new", "message", signature.slice(0, 16))).toBe(false);
});

it.each([
  ["nothing", "", "id:secret"],
  ["a short secret", "a:short", "for key 1 of KEYS"],
  ["a secret of 15 characters", `${OLD},a:123456789abcdef`, "for key 2 of KEYS"],
  ["an id of 33 letters", `${"a".repeat(33)}:0123456789abcdef`, "for key 1 of KEYS"],
  ["no id", ":0123456789abcdef", "id:secret"],
  ["an id twice", `${OLD},${OLD}`, "once for KEYS"],
])("refuses %s without showing a secret", async (_, text, message) => {
  const attempt = () => parseKeyring(text, "KEYS");
  expect(attempt).toThrow(TypeError);
  expect(attempt).toThrow(message);
  expect(attempt).not.toThrow(/123456789abcdef|short/);
});
