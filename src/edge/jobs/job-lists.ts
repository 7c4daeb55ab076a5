/** The jobs to look after: those without a result, by how they ended, and those whose webhook nobody took. */
export const JOB_LISTS = ["failed", "dead", "undelivered"] as const;
export type JobList = (typeof JOB_LISTS)[number];

/** An empty object for each entry, in the bucket of results: Durable Objects cannot be listed. */
export interface JobLists {
  add(list: JobList, id: string): Promise<void>;
  /** From all of them. */
  remove(id: string): Promise<void>;
  /** Up to 1000 ids, and where to go on if there are more. */
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
