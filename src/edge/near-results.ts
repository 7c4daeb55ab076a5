import { logError } from "../service/problem.ts";
import type { Result, Results } from "./results.ts";

/** Below it the cache has results by their keys, on the host that was asked: nobody else's path on a route either, and 400 to who asks for it. */
const FOLDER = "/img/.near/";

/** A key names its bytes, so what is kept is never wrong. A day, as nobody may need it any more. */
const KEPT_SECONDS = 86_400;

/** Nearly all that an isolate makes; what is larger takes its time from anywhere. */
const MAX_BYTES = 2 * 2 ** 20;

/** So often in a row what was put there may be missing at once, before no more is put. */
const MAX_MISSES = 3;

/** Of a kept answer: what is known of the result, as JSON. */
const KNOWN = "X-Known";

interface NearDeps {
  /** Of the Cloudflare location that the isolate is in. */
  readonly cache: Pick<Cache, "match" | "put">;
  readonly waitUntil: (promise: Promise<unknown>) => void;
  /** `https://` and the host that was asked last, as Cloudflare's cache is a zone's; undefined where none has been. */
  readonly site: () => string | undefined;
}

/** `results`, of which those that were written or read as a whole stay near for a while. Where a cache fails, they are as they were. */
export function nearResults(results: Results, { cache, waitUntil, site }: NearDeps): Results {
  /** Whether it keeps anything, once that is known: on workers.dev it does not. */
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
      // A cache of which parts are asked would have ranges of its own.
      if (range !== undefined) return await results.get(key, range);
      const near = await find(key).catch(failed);
      if (near !== undefined) return near;
      const found = await results.get(key);
      // Read once more: of a copy, what a slow client has not taken yet would stay in the isolate's memory.
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
