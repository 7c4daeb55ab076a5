import { sha256Hex } from "../core/digest.ts";
import { ServiceError } from "../core/errors.ts";
import { logError } from "../service/problem.ts";
import type { OpenSource } from "./sources.ts";

/** The version that each source had when a result of it was last stored. */
export interface Versions {
  get(id: string): Promise<string | undefined>;
  put(id: string, version: string): Promise<void>;
  forget(id: string): Promise<void>;
}

/**
 * What a server answers badly, or not at all, is as it was: results that are stored are found, others fail as before. What it has
 * taken away does not come back with its next failure.
 */
export function lastKnown(open: OpenSource, versions: Versions): OpenSource {
  return async (id, reserve) => {
    try {
      const source = await open(id, reserve);
      return source && { ...source, onStored: () => versions.put(id, source.version) };
    } catch (failure) {
      if (isTakenAway(failure)) await versions.forget(id).catch((cause) => logError("last known", cause));
      const version = isServers(failure) ? await recall(id) : undefined;
      if (version === undefined) throw failure;
      logError("last known", failure);
      return { version, publicUrl: id, failure, read: () => Promise.reject(failure) };
    }
  };

  function recall(id: string): Promise<string | undefined> {
    return versions.get(id).catch((cause) => {
      logError("last known", cause);
      return undefined;
    });
  }
}

function isTakenAway(failure: unknown): boolean {
  return (
    failure instanceof ServiceError && (failure.code === "source_not_found" || failure.code === "source_forbidden")
  );
}

function isServers(failure: unknown): boolean {
  return failure instanceof ServiceError && (failure.code === "source_failed" || failure.code === "deadline_exceeded");
}

export function bucketVersions(bucket: R2Bucket): Versions {
  const keyOf = async (id: string) => `v1/${await sha256Hex(id)}`;
  const get = async (id: string) => (await bucket.get(await keyOf(id)))?.text();
  return {
    get,
    async put(id, version) {
      if ((await get(id)) !== version) await bucket.put(await keyOf(id), version);
    },
    async forget(id) {
      if ((await get(id)) !== undefined) await bucket.delete(await keyOf(id));
    },
  };
}
