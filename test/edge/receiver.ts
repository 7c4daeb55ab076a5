import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { listen } from "../listen.ts";

/** One call of the receiver. */
interface Call {
  readonly id: string;
  /** Unix seconds, as signed. */
  readonly timestamp: number;
  readonly signatures: string[];
  readonly body: string;
  readonly event: { type: string; timestamp: string; data: Record<string, unknown> };
  readonly receivedMs: number;
}

/** One answer. The receiver gives its answers in turn and then repeats the last one. */
type Reply = { readonly status: number; readonly headers?: Record<string, string>; readonly delayMs?: number };

/** A webhook endpoint on this machine. */
export interface Receiver {
  readonly url: string;
  /** Calls with a valid signature, whatever was answered. */
  readonly calls: Call[];
  /** Bodies of the calls with an invalid signature. */
  readonly forged: string[];
  /** Calls that got a 2xx. */
  readonly accepted: Call[];
  close(): Promise<void>;
}

export const SECRET = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`;

/** @param port - 0 for any; a fixed one makes it possible to start the receiver again later. */
export async function startReceiver(replies: Reply[] = [{ status: 204 }], port = 0): Promise<Receiver> {
  const calls: Call[] = [];
  const forged: string[] = [];
  const accepted: Call[] = [];
  const webhook = new Webhook(SECRET);

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const receivedMs = Date.now();
    const body = Buffer.concat(await request.toArray()).toString();
    const headers = request.headers as Record<string, string>;
    try {
      webhook.verify(body, headers);
    } catch {
      forged.push(body);
      response.writeHead(400).end();
      return;
    }
    const { status, headers: extra = {}, delayMs = 0 } = replies[Math.min(calls.length, replies.length - 1)] as Reply;
    const call = {
      id: headers["webhook-id"] ?? "",
      timestamp: Number(headers["webhook-timestamp"]),
      signatures: (headers["webhook-signature"] ?? "").split(" "),
      body,
      event: JSON.parse(body),
      receivedMs,
    };
    calls.push(call);
    if (status >= 200 && status < 300) accepted.push(call);
    await setTimeout(delayMs);
    response.writeHead(status, extra).end();
  }

  const server = createServer((request, response) => {
    receive(request, response).catch(() => response.destroy());
  });
  return {
    url: `${await listen(server, port)}/hook`,
    calls,
    forged,
    accepted,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
