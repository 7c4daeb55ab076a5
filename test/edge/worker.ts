import { connect } from "node:net";
import { join } from "node:path";
import type { Miniflare, Request, Response } from "miniflare";
import { inject } from "vitest";
import { startBuilt } from "../miniflare.ts";

/** An answer, read to its end. */
interface Answer {
  readonly status: number;
  readonly headers: Pick<Headers, "get" | typeof Symbol.iterator>;
  readonly body: Uint8Array;
}

/** A running Worker, as its clients and its buckets' owner see it. */
export interface TestWorker {
  get(path: string, init?: { method?: string; headers?: Record<string, string> }): Promise<Answer>;
  /** Asks for a path and does not wait for the answer. @returns hangs up. */
  ask(path: string): Promise<() => void>;
  putSource(key: string, body: Uint8Array | string): Promise<void>;
  /** Of results. */
  storedKeys(): Promise<string[]>;
  /** Deletes all results from their bucket. */
  deleteStored(): Promise<void>;
  readonly miniflare: Miniflare;
  stop(): Promise<void>;
}

export interface TestWorkerOptions {
  /** Of wrangler.toml; the one without a name if absent. */
  readonly environment?: string;
  /** Replace those of wrangler.toml. */
  readonly vars?: Readonly<Record<string, string>>;
  /** A folder that keeps what it stores; without it its buckets and Durable Objects begin empty. */
  readonly persist?: string;
  /** The Internet: answers what the Worker fetches. Without it that goes to this machine. */
  readonly internet?: (request: Request) => Response | Promise<Response>;
  /** Requests in a minute by the name of a limit's binding; there are none if absent, as all tests are one client. */
  readonly rateLimits?: Readonly<Record<string, number>>;
}

/** The deployed bundle in a workerd of its own. */
export async function startWorker({
  environment,
  vars,
  persist,
  internet,
  rateLimits = {},
}: TestWorkerOptions = {}): Promise<TestWorker> {
  const bundle = join(inject("bundles"), environment ?? "default");
  const ratelimits = Object.entries(rateLimits).map(([name, limit]) => [name, { simple: { limit, period: 60 } }]);
  const options = { ...(internet && { outboundService: internet }), ratelimits: Object.fromEntries(ratelimits) };
  const miniflare = await startBuilt(bundle, { config: "wrangler.toml", environment, vars, persist, options });
  const sources = await miniflare.getR2Bucket("SOURCES");
  const results = await miniflare.getR2Bucket("RESULTS");
  const storedKeys = async () => (await results.list({ prefix: "r1/" })).objects.map((object) => object.key);
  return {
    async get(path, { method = "GET", headers = {} } = {}) {
      const response = await miniflare.dispatchFetch(new URL(path, "http://localhost"), {
        method,
        headers,
        redirect: "manual",
      });
      return { status: response.status, headers: response.headers, body: new Uint8Array(await response.arrayBuffer()) };
    },
    async ask(path) {
      const { hostname, port } = await miniflare.ready;
      const socket = connect(Number(port), hostname).on("error", () => {});
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      // Closing gently goes unnoticed until there is something to send.
      return () => socket.resetAndDestroy();
    },
    async putSource(key, body) {
      // A Buffer does not pass miniflare's proxy.
      await sources.put(key, typeof body === "string" ? body : new Uint8Array(body));
    },
    storedKeys,
    deleteStored: async () => await results.delete(await storedKeys()),
    miniflare,
    stop: () => miniflare.dispose(),
  };
}
