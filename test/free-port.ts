import { once } from "node:events";
import { createServer } from "node:net";

/** A port of 127.0.0.1 that nobody listens on, and below those that systems give to who asks for any: it stays free. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 11_000 + Math.floor(21_000 * Math.random());
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    await new Promise((resolve) => server.close(resolve));
    if (isFree) return port;
  }
}
