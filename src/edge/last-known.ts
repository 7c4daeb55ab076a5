import { sha256Hex } from "../core/digest.ts";
import { ServiceError } from "../core/errors.ts";
import { logError } from "../service/problem.ts";
import type { OpenSource } from "./sources.ts";

/** The version that each source had when a result of it was last stored. Times are Unix milliseconds. */
export interface Versions {
  get(id: string): Promise<string | undefined>;
  /** @param askedMs - when the server was asked; nothing is changed if a later answer has been noted since. */
  put(id: string, version: string, askedMs: number): Promise<void>;
  forget(id: string, nowMs: number): Promise<void>;
}

/**
 * While a server fails or does not answer, its source keeps the last known version: stored results are found, others fail
 * as they would without it. A source that the server has taken away does not come back with the server's next failure.
 */
export function lastKnown(open: OpenSource, versions: Versions, now: () => number): OpenSource {
  return async (id, reserve) => {
    const askedMs = now();
    try {
      const source = await open(id, reserve);
      return source && { ...source, onStored: () => versions.put(id, source.version, askedMs) };
    } catch (failure) {
      if (isTakenAway(failure)) await versions.forget(id, now()).catch(logged);
      const version = isServers(failure) ? await versions.get(id).catch(logged) : undefined;
      if (version === undefined) throw failure;
      logged(failure);
      return { version, publicUrl: id, failure, read: () => Promise.reject(failure) };
    }
  };
}

const logged = (cause: unknown) => logError("last known", cause);

function isTakenAway(failure: unknown): boolean {
  return (
    failure instanceof ServiceError && (failure.code === "source_not_found" || failure.code === "source_forbidden")
  );
}

function isServers(failure: unknown): boolean {
  return failure instanceof ServiceError && (failure.code === "source_failed" || failure.code === "deadline_exceeded");
}

/** Forgetting leaves a note of the time, so that a result that was begun earlier does not bring the version back. */
export function bucketVersions(bucket: R2Bucket): Versions {
  const keyOf = async (id: string) => `v1/${await sha256Hex(id)}`;
  const notedMs = ({ customMetadata }: R2Object) => Number(customMetadata?.ms);
  const isGone = ({ customMetadata }: R2Object) => customMetadata?.gone !== undefined;
  return {
    async get(id) {
      const object = await bucket.get(await keyOf(id));
      return object === null || isGone(object) ? undefined : await object.text();
    },
    async put(id, version, askedMs) {
      const key = await keyOf(id);
      const object = await bucket.get(key);
      const known = await object?.text();
      if (known === version || (object !== null && askedMs <= notedMs(object))) return;
      const onlyIf = object === null ? { etagDoesNotMatch: "*" } : { etagMatches: object.etag };
      await bucket.put(key, version, { customMetadata: { ms: `${askedMs}` }, onlyIf });
    },
    async forget(id, nowMs) {
      const key = await keyOf(id);
      const object = await bucket.head(key);
      // Addresses that never had a version leave no note, because strangers can name any.
      if (object === null) return;
      // The time gives each note an ETag of its own, so a `put` that has already read the old object does not replace it.
      await bucket.put(key, `gone ${nowMs}`, { customMetadata: { ms: `${nowMs}`, gone: "true" } });
    },
  };
}
