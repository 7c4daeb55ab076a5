import * as z from "zod";
import type { AllowList } from "../../core/allow-list.ts";
import type { Presets } from "../../core/presets.ts";
import { verifyWebhook } from "../../core/webhook.ts";
import type { JobConfig } from "./config.ts";
import { assertSameRequest, type Job } from "./job.ts";
import { derivedJobId } from "./job-id.ts";
import type { JobObject } from "./job-object.ts";
import { canonicalRequest, checkCallback, checkSource, JobFields, parseBody, SeveralOps } from "./job-request.ts";

const Message = z.object({ type: z.string() });

/** Not strict on the outside: by Standard Webhooks there may be a timestamp and more. */
const SourceCreated = z.object({
  data: z.strictObject({ ...JobFields, ops: SeveralOps }),
});

interface SourceDeps {
  readonly config: JobConfig;
  readonly presets: Presets;
  /** Where remote sources may come from. */
  readonly allowed: AllowList;
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
export async function receiveSource(request: Request, { config, presets, allowed, jobs }: SourceDeps): Promise<Job[]> {
  const body = await request.text();
  const messageId = verifyWebhook(config.sourceWebhookKeys, request.headers, body);
  if (parseBody(Message, body).type !== "source.created") return [];
  const { source, ops, callback } = parseBody(SourceCreated, body).data;
  checkCallback(callback, new URL(request.url).host, config);
  const requests = ops.map((op) => canonicalRequest({ source, ops: op, callback }, presets));
  for (const asked of requests) checkSource(asked, allowed);
  const made: Job[] = [];
  for (const [i, asked] of requests.entries()) {
    const id = await derivedJobId("webhook", messageId, `${i}`);
    const job = await jobs.getByName(id).create(id, asked);
    // Two senders may happen to use one id.
    assertSameRequest(job, asked, "webhook-id");
    made.push(job);
  }
  return made;
}
