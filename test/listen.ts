import { once } from "node:events";
import type { Server } from "node:net";

/** Makes a server listen on 127.0.0.1, by default on any free port. @returns its URL, without a path */
export async function listen(server: Server, port = 0): Promise<string> {
  await once(server.listen(port, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError(`Expected a port, got ${address}`);
  return `http://127.0.0.1:${address.port}`;
}
