import * as z from "zod";
import { verifyWebhook } from "../../core/webhook.ts";
import type { Job } from "./job.ts";
import { derivedJobId } from "./job-id.ts";
import type { JobObject } from "./job-object.ts";
import { acceptRequest, JobFields, makeJob, parseBody, type RequestRules, SeveralOps } from "./job-request.ts";

const Message = z.object({ type: z.string() });

/** Not strict on the outside: by Standard Webhooks there may be a timestamp and more. */
const SourceCreated = z.object({
  data: z.strictObject({ ...JobFields, ops: SeveralOps }),
});

export interface SourceDeps extends RequestRules {
  readonly jobs: DurableObjectNamespace<JobObject>;
}

/**
 * Answers a webhook that tells of a new source with a job for each of its ops. The jobs' ids follow from the message's,
 * so a message that comes again, at the same time or after the restart of everything, finds its jobs made. One of another
 * type makes none: its sender has more to tell than we want to know, and would take a refusal for our failure.
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
    // Two senders may happen to use one id.
    made.push(await makeJob(jobs, id, asked, "webhook-id"));
  }
  return made;
}
