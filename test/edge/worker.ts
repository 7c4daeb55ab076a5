import { join } from "node:path";
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
  putSource(key: string, body: Uint8Array | string): Promise<void>;
  storedKeys(): Promise<string[]>;
  stop(): Promise<void>;
}

interface TestWorkerOptions {
  /** Of wrangler.toml; the one without a name if absent. */
  readonly environment?: string;
  /** Replace those of wrangler.toml. */
  readonly vars?: Readonly<Record<string, string>>;
}

/** The deployed bundle in a workerd of its own, with empty buckets. */
export async function startWorker({ environment, vars }: TestWorkerOptions = {}): Promise<TestWorker> {
  const bundle = join(inject("bundles"), environment ?? "default");
  const miniflare = await startBuilt(bundle, { config: "wrangler.toml", environment, vars });
  const sources = await miniflare.getR2Bucket("SOURCES");
  const results = await miniflare.getR2Bucket("RESULTS");
  return {
    async get(path, { method = "GET", headers = {} } = {}) {
      const response = await miniflare.dispatchFetch(`http://localhost${path}`, {
        method,
        headers,
        redirect: "manual",
      });
      return { status: response.status, headers: response.headers, body: new Uint8Array(await response.arrayBuffer()) };
    },
    async putSource(key, body) {
      // A Buffer does not pass miniflare's proxy.
      await sources.put(key, typeof body === "string" ? body : new Uint8Array(body));
    },
    storedKeys: async () => (await results.list()).objects.map((object) => object.key),
    stop: () => miniflare.dispose(),
  };
}
