import { logError } from "../service/problem.ts";
import type { Result, Results } from "./results.ts";

/** Results are cached below this path of the requested host: the Worker's own on a route too, and a 400 for clients. */
const FOLDER = "/img/.near/";

/** A key names its bytes, so a cached copy is never wrong; after a day it may no longer be needed. */
const KEPT_SECONDS = 86_400;

/** Covers nearly all results of an isolate; larger ones take long to read from anywhere. */
const MAX_BYTES = 2 * 2 ** 20;

/** After this many puts in a row that cannot be read back at once, nothing more is put. */
const MAX_MISSES = 3;

/** Header of a cached answer with all of the result but its body, as JSON. */
const KNOWN = "X-Known";

interface NearDeps {
  /** The cache of the Cloudflare location where the isolate runs. */
  readonly cache: Pick<Cache, "match" | "put">;
  readonly waitUntil: (promise: Promise<unknown>) => void;
  /** `https://` and the host of the last request, as Cloudflare's cache belongs to a zone; undefined before the first. */
  readonly site: () => string | undefined;
}

/** Wraps `results`: what is written or read as a whole is cached nearby for a while. A failing cache changes nothing. */
export function nearResults(results: Results, { cache, waitUntil, site }: NearDeps): Results {
  /** Whether the cache keeps anything, once known; on workers.dev it does not. */
  let isKeeping: boolean | undefined;
  let misses = 0;

  function urlOf(key: string): string | undefined {
    const asked = isKeeping === false ? undefined : site();
    return asked && asked + FOLDER + key;
  }

  async function find(key: string): Promise<Result | undefined> {
    const url = urlOf(key);
    const kept = url && (await cache.match(url));
    if (!kept) return;
    const known = kept.headers.get(KNOWN);
    return kept.body && known ? { ...JSON.parse(known), body: kept.body } : undefined;
  }

  function keep(key: string, read: () => Promise<Result | undefined>): void {
    const url = urlOf(key);
    if (url === undefined) return;
    const kept = async () => {
      const { body, ...known } = (await read()) ?? {};
      if (body === undefined) return;
      const headers = { "Cache-Control": `public, max-age=${KEPT_SECONDS}`, [KNOWN]: JSON.stringify(known) };
      await cache.put(url, new Response(body, { headers }));
      if (isKeeping !== undefined) return;
      const found = await cache.match(url);
      if (found !== undefined) isKeeping = true;
      else if (++misses === MAX_MISSES) isKeeping = false;
      await found?.body?.cancel();
    };
    waitUntil(kept().catch(failed));
  }

  return {
    head: results.head,

    async get(key, range) {
      // The cache would answer ranges by rules of its own.
      if (range !== undefined) return await results.get(key, range);
      const near = await find(key).catch(failed);
      if (near !== undefined) return near;
      const found = await results.get(key);
      // Read again: with one stream split in two, what a slow client has not read yet would stay in the isolate's memory.
      if (isSmall(found?.bytes)) keep(key, () => results.get(key));
      return found;
    },

    async put(key, bytes, facts) {
      const isOurs = await results.put(key, bytes, facts);
      if (isOurs && isSmall(bytes.length)) keep(key, async () => ({ facts, bytes: bytes.length, body: bytes }));
      return isOurs;
    },
  };
}

function isSmall(bytes = Number.POSITIVE_INFINITY): boolean {
  return bytes <= MAX_BYTES;
}

const failed = (cause: unknown) => logError("near results", cause);
