import type { Signing } from "../config.ts";
import type { Job } from "./job.ts";
import { resultUrl } from "./result-url.ts";

/** A job as its client sees it. */
export async function jobView(job: Job, signing: Signing) {
  const { id, state, source, ops, callback, attempts, createdAtMs, settledAtMs, result, error, delivery } = job;
  return {
    id,
    state,
    source,
    ops,
    callback,
    createdAt: time(createdAtMs),
    settledAt: settledAtMs && time(settledAtMs),
    attempts,
    result: result && { url: await resultUrl(job, signing), etag: result.etag, computed: result.computed },
    error,
    webhook: delivery && { ...delivery, nextAt: delivery.state === "pending" ? time(job.wakeAtMs) : undefined },
  };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
