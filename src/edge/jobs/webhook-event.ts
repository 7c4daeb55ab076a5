import type { Signing } from "../config.ts";
import type { Job } from "./job.ts";
import { resultUrl } from "./result-url.ts";

/** A message for a receiver. */
export interface WebhookEvent {
  /** The same for each attempt; another for each run of a job, and for a job by the id of one that has been forgotten. */
  readonly id: string;
  /** JSON, to the byte the same for each attempt while the same key signs links. */
  readonly body: string;
}

/** What the receiver of a settled job is told: `image.upscaled` or `image.failed`. */
export async function jobEvent(job: Job, signing: Signing): Promise<WebhookEvent> {
  const { id, run, createdAtMs, source, ops, result, error, settledAtMs = 0 } = job;
  const outcome = result === undefined ? { error } : { url: await resultUrl(job, signing), etag: result.etag };
  return {
    id: `msg_${id}_${createdAtMs}_${run}`,
    body: JSON.stringify({
      type: result === undefined ? "image.failed" : "image.upscaled",
      timestamp: new Date(settledAtMs).toISOString(),
      data: { job: id, source, ops, ...outcome },
    }),
  };
}
