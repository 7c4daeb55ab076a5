import { connect } from "node:net";
import { join } from "node:path";
import type { Miniflare, Request, Response } from "miniflare";
import { inject } from "vitest";
import { startBuilt } from "../miniflare.ts";

/** An answer with its whole body. */
interface Answer {
  readonly status: number;
  readonly headers: Pick<Headers, "get" | typeof Symbol.iterator>;
  readonly body: Uint8Array;
}

/** A running Worker, as seen by its clients and by the owner of its buckets. */
export interface TestWorker {
  get(path: string, init?: { method?: string; headers?: Record<string, string> }): Promise<Answer>;
  /** Requests a path without waiting for the answer. @returns a function that hangs up */
  ask(path: string): Promise<() => void>;
  putSource(key: string, body: Uint8Array | string): Promise<void>;
  /** Keys of the stored results. */
  storedKeys(): Promise<string[]>;
  /** Deletes all stored results. */
  deleteStored(): Promise<void>;
  readonly miniflare: Miniflare;
  stop(): Promise<void>;
}

export interface TestWorkerOptions {
  /** An environment of wrangler.toml; without it, the top-level one. */
  readonly environment?: string;
  /** They replace those of wrangler.toml. */
  readonly vars?: Readonly<Record<string, string>>;
  /** Folder where buckets and Durable Objects persist; without it, they start empty. */
  readonly persist?: string;
  /** Answers what the Worker fetches; without it, requests go out from this machine. */
  readonly internet?: (request: Request) => Response | Promise<Response>;
  /** Requests per minute by the binding of the limit. By default there is no limit, because all tests are one client. */
  readonly rateLimits?: Readonly<Record<string, number>>;
}

/** Starts the deployed bundle in its own workerd. */
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
      // The server would not notice an orderly close until it has something to send.
      return () => socket.resetAndDestroy();
    },
    async putSource(key, body) {
      // Miniflare's proxy does not take a Buffer.
      await sources.put(key, typeof body === "string" ? body : new Uint8Array(body));
    },
    storedKeys,
    deleteStored: async () => await results.delete(await storedKeys()),
    miniflare,
    stop: () => miniflare.dispose(),
  };
}
