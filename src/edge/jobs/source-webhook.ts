import * as z from "zod";
import { verifyWebhook } from "../../core/webhook.ts";
import type { Job } from "./job.ts";
import { derivedJobId } from "./job-id.ts";
import type { JobObject } from "./job-object.ts";
import { acceptRequest, JobFields, makeJob, parseBody, type RequestRules, SeveralOps } from "./job-request.ts";

const Message = z.object({ type: z.string() });

/** Not strict at the top level, where Standard Webhooks allows a timestamp and more. */
const SourceCreated = z.object({
  data: z.strictObject({ ...JobFields, ops: SeveralOps }),
});

export interface SourceDeps extends RequestRules {
  readonly jobs: DurableObjectNamespace<JobObject>;
}

/**
 * Makes a job for each of the ops in a webhook about a new source. The jobs' ids derive from the message's, so a message
 * that is repeated, even at the same time or after a restart of everything, finds its jobs made. A message of another type
 * makes none: its sender sends more than we need, and would take a refusal for our failure.
 *
 * @throws {ServiceError} `signature_invalid` before the body is looked at; `invalid_json`, `invalid_job`,
 * `idempotency_conflict`, `source_forbidden` and what a bad path throws
 */
export async function receiveSource(request: Request, { jobs, ...rules }: SourceDeps): Promise<Job[]> {
  const body = await request.text();
  const messageId = verifyWebhook(rules.config.sourceWebhookKeys, request.headers, body);
  if (parseBody(Message, body).type !== "source.created") return [];
  const { source, ops, callback } = parseBody(SourceCreated, body).data;
  const requests = ops.map((op) => acceptRequest({ source, ops: op, callback }, request.url, rules));
  const made: Job[] = [];
  for (const [i, asked] of requests.entries()) {
    const id = await derivedJobId("webhook", messageId, `${i}`);
    // Two senders may happen to use the same id.
    made.push(await makeJob(jobs, id, asked, "webhook-id"));
  }
  return made;
}
