import type { Server, ServerResponse } from "node:http";
import { Server as TcpServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Watches a server's answers from now on. Where a connection ends, Node tells it to the answer that is being written, and to none of those
 * that come behind it: here they are told, too.
 *
 * @returns takes no more connections, and settles when every answer has been sent. An HTTP server's own `close` ends a
 *   connection when its answer is written, though most of it may not have left.
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
    // The next request would come by the same connection.
    for (const response of open) response.shouldKeepAlive = false;
    while (open.size > 0) await sleep(20);
  };
}
