/** Ends of a job without a result. */
export const UNSUCCESSFUL = ["failed", "dead"] as const;
export type Unsuccessful = (typeof UNSUCCESSFUL)[number];

/** The jobs without a result: an empty object each, in the bucket of results, so that they can be listed. */
export interface UnsuccessfulJobs {
  add(state: Unsuccessful, id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Up to 1000 ids, and where to go on if there are more. */
  list(state: Unsuccessful, cursor?: string): Promise<{ ids: string[]; cursor: string | undefined }>;
}

export function unsuccessfulJobs(bucket: R2Bucket): UnsuccessfulJobs {
  return {
    async add(state, id) {
      await bucket.put(`${state}/${id}`, "");
    },
    remove: (id) => bucket.delete(UNSUCCESSFUL.map((state) => `${state}/${id}`)),
    async list(state, cursor) {
      const prefix = `${state}/`;
      const page = await bucket.list({ prefix, ...(cursor !== undefined && { cursor }) });
      return {
        ids: page.objects.map(({ key }) => key.slice(prefix.length)),
        cursor: page.truncated ? page.cursor : undefined,
      };
    },
  };
}
