import { ServiceError } from "../core/errors.ts";
import { formatSource } from "../core/image-path.ts";
import { checkSize, type Reserve } from "../service/source-body.ts";

/** A picture as it was found: its version is known before its bytes are read. */
export interface Source {
  /** Changes whenever the bytes do. */
  readonly version: string;
  /** Where anyone may fetch it: a path of ours or an absolute URL; absent if it is not public. */
  readonly publicUrl?: string;
  /** Why it cannot be read, if its version is only the last known one. */
  readonly failure?: unknown;
  /** To be called when a result of it has been stored. */
  readonly onStored?: () => Promise<void>;
  /** To be called when nobody reads it any more; ends a download that is still running. */
  readonly close?: () => void;
  /** @throws {ServiceError} `source_too_large` before more than `maxBytes` are held. */
  read(maxBytes: number): Promise<Uint8Array>;
}

/** Finds a source by its key or URL; undefined if there is none. `reserve` is awaited for the bytes that are read. */
export type OpenSource = (key: string, reserve: Reserve) => Promise<Source | undefined>;

/** Tries one place after the other. */
export function firstOf(...places: OpenSource[]): OpenSource {
  return async (key, reserve) => {
    for (const open of places) {
      const source = await open(key, reserve);
      if (source !== undefined) return source;
    }
    return undefined;
  };
}

/** R2 throws if asked for a longer key. https://developers.cloudflare.com/r2/platform/limits/ (2026-11-25) */
const MAX_KEY_BYTES = 1024;

/** Objects of an R2 bucket. */
export function bucketSource(bucket: R2Bucket): OpenSource {
  return async (key, reserve) => {
    if (new TextEncoder().encode(key).length > MAX_KEY_BYTES) return undefined;
    const head = await bucket.head(key);
    if (head === null) return undefined;
    return {
      version: head.etag,
      async read(maxBytes) {
        checkSize(head.size, maxBytes);
        await reserve(head.size);
        const object = await bucket.get(key, { onlyIf: { etagMatches: head.etag } });
        if (object === null || !("body" in object)) {
          throw new ServiceError("source_changed", "The source was changed while it was being read");
        }
        return new Uint8Array(await object.arrayBuffer());
      },
    };
  };
}

/** Static assets deployed with the Worker, of which only those below `prefix` are sources. */
export function assetSource(assets: Fetcher, prefix: string): OpenSource {
  return async (key, reserve) => {
    if (!key.startsWith(prefix)) return undefined;
    const url = new URL(formatSource(key), "https://assets.invalid");
    const head = answered(await assets.fetch(url, { method: "HEAD", redirect: "manual" }));
    const version = head.headers.get("etag");
    if (!head.ok || version === null) return undefined;
    return {
      version,
      publicUrl: url.pathname,
      async read(maxBytes) {
        const response = answered(await assets.fetch(url, { redirect: "manual" }));
        const bytes = new Uint8Array(await response.arrayBuffer());
        checkSize(bytes.length, maxBytes);
        await reserve(bytes.length);
        return bytes;
      },
    };
  };
}

/** A failure of the assets does not mean that the picture does not exist, and the body of the failure is not the picture. */
function answered(response: Response): Response {
  if (response.status >= 500) throw new Error(`Expected an answer of the assets, got ${response.status}`);
  return response;
}
