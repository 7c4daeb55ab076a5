import type { WebhookMessage } from "../../core/webhook.ts";
import type { Signing } from "../config.ts";
import type { Job } from "./job.ts";
import { resultUrl } from "./result-url.ts";

/** The webhook about a settled job: `image.upscaled` or `image.failed`. */
export async function jobEvent(job: Job, signing: Signing): Promise<WebhookMessage> {
  const { id, run, createdAtMs, source, ops, result, error, settledAtMs = 0 } = job;
  const outcome = result === undefined ? { error } : { url: await resultUrl(job, signing), etag: result.etag };
  return {
    // Differs for each run of a job, and for a new job with the id of a forgotten one.
    id: `msg_${id}_${createdAtMs}_${run}`,
    body: JSON.stringify({
      type: result === undefined ? "image.failed" : "image.upscaled",
      timestamp: new Date(settledAtMs).toISOString(),
      data: { job: id, source, ops, ...outcome },
    }),
  };
}
