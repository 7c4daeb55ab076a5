import { once } from "node:events";
import { createServer } from "node:net";

/** A free port of 127.0.0.1, below the ephemeral range, so that no process gets it by asking for any port. */
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
