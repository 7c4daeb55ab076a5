import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { contentDigest } from "../src/core/origin-request.ts";
import { listen } from "./listen.ts";

/** A whole answer of the upstream server. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Handles one request; `forward` sends it to the upstream server and resolves to the answer. */
export type Fault = (forward: () => Promise<Answer>, response: ServerResponse) => Promise<void> | void;

/** A proxy that injects faults on demand. */
export interface FaultProxy {
  readonly url: string;
  /** Number of requests so far. */
  requests(): number;
  /** Each of the next requests meets one of these faults; later requests are forwarded. */
  inject(...faults: Fault[]): void;
  stop(): Promise<void>;
}

/** Starts a proxy in front of `target`, a URL without a path. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  let requests = 0;
  let pending: Fault[] = [];
  const server = createServer((request, response) => {
    requests += 1;
    const fault = pending.shift() ?? forwarded;
    Promise.resolve(fault(() => forward(target, request), response)).catch(() => response.destroy());
  });
  return {
    url: await listen(server),
    requests: () => requests,
    inject: (...faults) => {
      pending = faults;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** No answer, and the connection stays open. */
export const hang: Fault = () => {};

/** The connection ends without an answer. */
export const hangUp: Fault = (_, response) => void response.destroy();

/** The right answer in ten pieces, spread over `ms`. */
export const slow =
  (ms: number): Fault =>
  async (forward, response) => {
    const { status, headers, body } = await forward();
    response.writeHead(status, headers);
    const piece = (i: number) => body.subarray((body.length * i) / 10, (body.length * (i + 1)) / 10);
    for (let i = 0; i < 9 && !response.destroyed; i++) {
      response.write(piece(i));
      await sleep(ms / 9);
    }
    // `end` sends the last piece: a client that has the whole body sends its next request, which would wait for this one.
    response.end(piece(9));
  };

/** Half the body, then the end of the connection. */
export const cut: Fault = async (forward, response) => {
  const { status, headers, body } = await forward();
  response.writeHead(status, headers);
  response.write(body.subarray(0, body.length / 2), () => response.destroy());
};

/** An answer that never reaches the upstream server. */
export const answer =
  (status: number, headers: Readonly<Record<string, string>>, body = ""): Fault =>
  (_, response) =>
    send(response, { status, headers, body: Buffer.from(body) });

/** The right answer with other headers; null removes one. */
export const withHeaders =
  (changes: Readonly<Record<string, string | null>>): Fault =>
  async (forward, response) => {
    const answered = await forward();
    const entries = Object.entries({ ...answered.headers, ...changes }).flatMap(([name, value]) =>
      value === null ? [] : [[name, value] as const],
    );
    send(response, { ...answered, headers: Object.fromEntries(entries) });
  };

/** The right answer with a changed body, whose length and digest match it. */
export const withBody =
  (change: (body: Uint8Array) => Promise<Uint8Array> | Uint8Array): Fault =>
  async (forward, response) => {
    const { status, headers, body: right } = await forward();
    const body = await change(right);
    const own = { "content-length": `${body.length}`, "content-digest": await contentDigest(body) };
    send(response, { status, headers: { ...headers, ...own }, body });
  };

const forwarded: Fault = async (forward, response) => send(response, await forward());

async function forward(target: string, request: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const response = await fetch(target + request.url, {
    method: request.method ?? "GET",
    headers: Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
      typeof value === "string" && !/^(host|connection|content-length|expect|transfer-encoding)$/.test(name)
        ? [[name, value]]
        : [],
    ),
    body: Buffer.concat(chunks),
  });
  const headers = Object.fromEntries(
    [...response.headers].filter(([name]) => name !== "connection" && name !== "keep-alive"),
  );
  return { status: response.status, headers, body: new Uint8Array(await response.arrayBuffer()) };
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers).end(body);
}
