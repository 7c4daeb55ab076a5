import { sha256Hex } from "../core/digest.ts";
import { ServiceError } from "../core/errors.ts";
import { logError } from "../service/problem.ts";
import type { OpenSource } from "./sources.ts";

/** The version that each source had when it was last read. */
export interface Versions {
  get(id: string): Promise<string | undefined>;
  put(id: string, version: string): Promise<void>;
}

/** What a server answers badly, or not at all, is as it was: results that are stored are found, others fail as before. */
export function lastKnown(open: OpenSource, versions: Versions): OpenSource {
  return async (id, reserve) => {
    try {
      const source = await open(id, reserve);
      if (source === undefined) return undefined;
      return {
        ...source,
        async read(maxBytes) {
          const bytes = await source.read(maxBytes);
          await versions.put(id, source.version).catch((cause) => logError("last known", cause));
          return bytes;
        },
      };
    } catch (cause) {
      const version = isFailure(cause) ? await versions.get(id) : undefined;
      if (version === undefined) throw cause;
      return { version, publicUrl: id, read: () => Promise.reject(cause) };
    }
  };
}

function isFailure(cause: unknown): boolean {
  return cause instanceof ServiceError && (cause.code === "source_failed" || cause.code === "deadline_exceeded");
}

export function bucketVersions(bucket: R2Bucket): Versions {
  const keyOf = async (id: string) => `v1/${await sha256Hex(new TextEncoder().encode(id))}`;
  const get = async (id: string) => (await bucket.get(await keyOf(id)))?.text();
  return {
    get,
    async put(id, version) {
      if ((await get(id)) !== version) await bucket.put(await keyOf(id), version);
    },
  };
}
