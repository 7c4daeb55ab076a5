import type { Server } from "node:http";
import { Server as TcpServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Watches a server's answers from now on.
 *
 * @returns takes no more connections, and settles when every answer has been sent. An HTTP server's own `close` ends a
 *   connection when its answer is written, though most of it may not have left.
 */
export function drainable(server: Server): () => Promise<void> {
  let open = 0;
  let isClosing = false;
  server.prependListener("request", (_, response) => {
    open++;
    response.once("close", () => open--);
    if (isClosing) response.shouldKeepAlive = false;
  });
  return async () => {
    isClosing = true;
    TcpServer.prototype.close.call(server);
    while (open > 0) await sleep(20);
  };
}
