import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { parseWebhookKeys, webhookHeaders } from "../../../src/core/webhook.ts";
import { freePort } from "../../free-port.ts";
import { listen } from "../../listen.ts";
import { PROGRAM, ssiu } from "./ssiu.ts";

const KEY = `whsec_${btoa("0123456789abcdef0123456789abcdef")}`;

test("answers so many with 500, then 204, others' with 401, and prints a line for each", async () => {
  const port = await freePort();
  const args = ["webhooks", "listen", "--key", KEY, "--port", `${port}`, "--fail", "1"];
  const child = spawn(process.execPath, [...PROGRAM, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value?.replace(/^\S+Z /, "");
  expect(await next()).toBe(`listening on http://localhost:${port}/`);

  const send = async (event: object, key = KEY) => {
    const body = JSON.stringify(event);
    const headers = webhookHeaders(parseWebhookKeys(key, "KEYS"), { id: "msg_1", body }, Date.now());
    return (await fetch(`http://127.0.0.1:${port}/`, { method: "POST", headers, body })).status;
  };
  const done = { type: "image.upscaled", data: { url: "http://h/a" } };
  expect(await send(done, `whsec_${btoa("another key of 24 bytes or more")}`)).toBe(401);
  expect(await next()).toBe("not signed by this key -> 401");
  for (const status of [500, 204]) {
    expect(await send(done)).toBe(status);
    expect(await next()).toBe(`msg_1 image.upscaled http://h/a -> ${status}`);
  }
  expect(await send({ type: "image.failed", data: { error: { code: "internal" } } })).toBe(204);
  expect(await next()).toBe("msg_1 image.failed internal -> 204");

  // A signed body that is no event of ours ends its connection, but not the program.
  await expect(send({ data: 1 })).rejects.toThrow("fetch failed");
  expect(await send(done)).toBe(204);

  // The program ends when nobody reads its output any more.
  const ended = once(child, "exit");
  child.stdout.destroy();
  await send(done).catch(() => {});
  expect(await ended).toEqual([141, null]);
});

test.each([
  ["--port", "0", "1 to 65535"],
  ["--port", "65536", "1 to 65535"],
  ["--port", "9e3", "1 to 65535"],
  ["--fail", "", "a whole number of at most 5 digits"],
  ["--fail", "100000", "a whole number of at most 5 digits"],
])("refuses %s %j", async (option, value, what) => {
  const stderr = `error: Expected ${what} for ${option}, got "${value}"\n`;
  expect(await ssiu("webhooks", "listen", "--key", KEY, option, value)).toEqual({ code: 2, stdout: "", stderr });
});

test("refuses what is no key, and does not tell it", async () => {
  const stderr = "error: Expected whsec_ and 24 to 64 bytes in base64 for key 1 of --key\n";
  expect(await ssiu("webhooks", "listen", "--key", "topsecret")).toEqual({ code: 2, stdout: "", stderr });
});

test("says in one line that its port is in use", async () => {
  const other = createServer();
  const { port } = new URL(await listen(other));
  const said = await ssiu("webhooks", "listen", "--key", KEY, "--port", port);
  other.close();
  const reason = `listen EADDRINUSE: address already in use 127.0.0.1:${port}`;
  const stderr = `error: Expected a port that is free for --port, got "${port}": ${reason}\n`;
  expect(said).toEqual({ code: 1, stdout: "", stderr });
});
