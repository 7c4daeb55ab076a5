const PREFIX = "dead/";

/** The jobs whose retries are used up: an empty object each, in the bucket of results, so that they can be listed. */
export interface DeadJobs {
  add(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Up to 1000 ids, and where to go on if there are more. */
  list(cursor?: string): Promise<{ ids: string[]; cursor: string | undefined }>;
}

export function deadJobs(bucket: R2Bucket): DeadJobs {
  return {
    async add(id) {
      await bucket.put(PREFIX + id, "");
    },
    remove: (id) => bucket.delete(PREFIX + id),
    async list(cursor) {
      const page = await bucket.list({ prefix: PREFIX, ...(cursor !== undefined && { cursor }) });
      return {
        ids: page.objects.map(({ key }) => key.slice(PREFIX.length)),
        cursor: page.truncated ? page.cursor : undefined,
      };
    },
  };
}
