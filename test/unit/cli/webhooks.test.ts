import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { ssiu } from "./ssiu.ts";

const KEY = `whsec_${btoa("0123456789abcdef0123456789abcdef")}`;

test("says in one line that its port is in use", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  const said = await ssiu("webhooks", "listen", "--key", KEY, "--port", `${port}`);
  other.close();
  const reason = `listen EADDRINUSE: address already in use 127.0.0.1:${port}`;
  const stderr = `error: Expected a port that is free for --port, got "${port}": ${reason}\n`;
  expect(said).toEqual({ code: 1, stdout: "", stderr });
});
