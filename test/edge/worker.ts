import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Miniflare, type ModuleDefinition } from "miniflare";
import { inject } from "vitest";
import { unstable_getMiniflareWorkerOptions as workerOptions } from "wrangler";
import type { Environment } from "./bundle.ts";

const MODULE_TYPES = { ".js": "ESModule", ".wasm": "CompiledWasm", ".safetensors": "Data" } as const;

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

export interface TestWorkerOptions {
  readonly environment?: Environment;
  /** Replace those of wrangler.toml. */
  readonly vars?: Readonly<Record<string, string>>;
}

/** The deployed bundle in a workerd of its own, with empty buckets. */
export async function startWorker({ environment = "default", vars }: TestWorkerOptions = {}): Promise<TestWorker> {
  const bundle = join(inject("bundles"), environment);
  const options = workerOptions("wrangler.toml", environment === "default" ? undefined : environment).workerOptions;
  const modules = (await Promise.all((await readdir(bundle)).map((name) => readModule(bundle, name)))).flat();
  const miniflare = new Miniflare({
    ...options,
    bindings: { ...options.bindings, ...vars },
    modulesRoot: bundle,
    // Miniflare starts with the first module.
    modules: modules.sort((a, b) => Number(b.type === "ESModule") - Number(a.type === "ESModule")),
    cf: false,
  });
  const sources = await miniflare.getR2Bucket("SOURCES");
  const results = await miniflare.getR2Bucket("RESULTS");
  return {
    async get(path, { method = "GET", headers = {} } = {}) {
      const response = await miniflare.dispatchFetch(`http://localhost${path}`, { method, headers });
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

async function readModule(folder: string, name: string): Promise<ModuleDefinition[]> {
  const [, type] = Object.entries(MODULE_TYPES).find(([extension]) => name.endsWith(extension)) ?? [];
  if (type === undefined) return [];
  const contents = await readFile(join(folder, name));
  return [{ type, path: join(folder, name), contents }];
}
