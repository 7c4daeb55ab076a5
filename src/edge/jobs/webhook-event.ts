import type { WebhookMessage } from "../../core/webhook.ts";
import type { Signing } from "../config.ts";
import type { Job } from "./job.ts";
import { resultUrl } from "./result-url.ts";

/** What the receiver of a settled job is told: `image.upscaled` or `image.failed`. */
export async function jobEvent(job: Job, signing: Signing): Promise<WebhookMessage> {
  const { id, run, createdAtMs, source, ops, result, error, settledAtMs = 0 } = job;
  const outcome = result === undefined ? { error } : { url: await resultUrl(job, signing), etag: result.etag };
  return {
    // Another for each run of a job, and for a job by the id of one that has been forgotten.
    id: `msg_${id}_${createdAtMs}_${run}`,
    body: JSON.stringify({
      type: result === undefined ? "image.failed" : "image.upscaled",
      timestamp: new Date(settledAtMs).toISOString(),
      data: { job: id, source, ops, ...outcome },
    }),
  };
}
