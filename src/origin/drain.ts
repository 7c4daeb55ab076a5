import type { Server, ServerResponse } from "node:http";
import { Server as TcpServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Watches a server's answers from now on. When a connection ends, Node emits "close" only on the answer that is being
 * written; this also emits it on those that are queued behind.
 *
 * @returns a function that stops accepting connections and settles when every answer has been sent. An HTTP server's own
 *   `close` ends a connection when its answer is written, even if most of it has not been sent.
 */
export function drainable(server: Server): () => Promise<void> {
  const open = new Set<ServerResponse>();
  let isClosing = false;
  server.prependListener("request", (_, response) => {
    open.add(response);
    response.once("close", () => open.delete(response));
    if (isClosing) response.shouldKeepAlive = false;
  });
  server.on("connection", (socket) => {
    socket.once("close", () => {
      for (const response of open) if (response.req.socket === socket) response.emit("close");
    });
  });
  return async () => {
    isClosing = true;
    TcpServer.prototype.close.call(server);
    // Otherwise the next request would come over the same connection.
    for (const response of open) response.shouldKeepAlive = false;
    while (open.size > 0) await sleep(20);
  };
}
