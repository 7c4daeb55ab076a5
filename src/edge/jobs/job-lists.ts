/** The jobs that need attention: those that ended without a result, by state, and those whose webhook nobody took. */
export const JOB_LISTS = ["failed", "dead", "undelivered"] as const;
export type JobList = (typeof JOB_LISTS)[number];

/** Lists with an empty object per entry in the bucket of results, because Durable Objects cannot be listed. */
export interface JobLists {
  add(list: JobList, id: string): Promise<void>;
  /** Removes a job from all lists. */
  remove(id: string): Promise<void>;
  /** Up to 1000 ids, and a cursor if there are more. */
  read(list: JobList, cursor?: string): Promise<{ ids: string[]; cursor: string | undefined }>;
}

export function jobLists(bucket: R2Bucket): JobLists {
  return {
    async add(list, id) {
      await bucket.put(`${list}/${id}`, "");
    },
    remove: (id) => bucket.delete(JOB_LISTS.map((list) => `${list}/${id}`)),
    async read(list, cursor) {
      const prefix = `${list}/`;
      const page = await bucket.list({ prefix, ...(cursor !== undefined && { cursor }) });
      return {
        ids: page.objects.map(({ key }) => key.slice(prefix.length)),
        cursor: page.truncated ? page.cursor : undefined,
      };
    },
  };
}
