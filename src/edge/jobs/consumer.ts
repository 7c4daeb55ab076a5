import * as z from "zod";
import { growingDelay, withJitter } from "../../core/backoff.ts";
import { expected, ServiceError } from "../../core/errors.ts";
import { asServiceError, logError } from "../../service/problem.ts";
import { createStopwatch } from "../../service/stopwatch.ts";
import type { Pipeline } from "../pipeline.ts";
import { isFinal, type ProduceOnce } from "../produce.ts";
import type { JobConfig } from "./config.ts";
import type { JobError, JobRequest, JobResult } from "./job.ts";
import type { JobObject } from "./job-object.ts";
import { parseJobPath } from "./job-request.ts";
import { resultUrl } from "./result-url.ts";
import type { UploadRule } from "./upload-rules.ts";
import { makeUploadJobs } from "./uploads.ts";

/** Longest delay of a retry, before jitter. */
const MAX_RETRY_MS = 3600 * 1000;

/** Longest wait for a turn in the isolate: no client waits for a job, and giving up would cost it an attempt. */
const WAIT_MS = 5 * 60 * 1000;

const JobMessage = z.strictObject({ job: z.string(), run: z.number() });

export interface ConsumerDeps {
  readonly config: JobConfig;
  readonly uploadRules: readonly UploadRule[];
  readonly jobs: DurableObjectNamespace<JobObject>;
  readonly pipeline: Pipeline;
  readonly produceOnce: ProduceOnce;
  /** Longest URL that a client may request. */
  readonly urlLength: number;
  readonly now: () => number;
}

/** Handles one message; throws if the message is to be retried. */
type Handle = (body: unknown, deps: ConsumerDeps) => Promise<void>;

const HANDLERS: readonly (readonly [queue: RegExp, handle: Handle])[] = [
  [/^ssiu-jobs-dead\b/, bury],
  [/^ssiu-jobs\b/, work],
  [/^ssiu-uploads\b/, makeUploadJobs],
];

/** The consumer of our queues. It acknowledges each message on its own, or retries it after a growing delay. */
export function createConsumer(deps: ConsumerDeps): (batch: MessageBatch) => Promise<void> {
  return async ({ queue, messages }) => {
    const [, handle] = HANDLERS.find(([name]) => name.test(queue)) ?? [];
    if (handle === undefined) throw new TypeError(`Expected one of our queues, got ${queue}`);
    // One after the other, because each may fill the isolate's memory.
    for (const message of messages) {
      try {
        await handle(message.body, deps);
        message.ack();
      } catch (cause) {
        // An internal error of a job refers the client to the log by the job's id.
        logError(JobMessage.safeParse(message.body).data?.job ?? message.id, cause);
        const delayMs = growingDelay(message.attempts, { base: deps.config.retryMs, max: MAX_RETRY_MS });
        message.retry({ delaySeconds: Math.ceil(withJitter(delayMs, Math.random) / 1000) });
      }
    }
  };
}

async function work(body: unknown, { jobs, ...deps }: ConsumerDeps): Promise<void> {
  const message = JobMessage.safeParse(body);
  if (!message.success) return logError("ssiu-jobs", message.error);
  const { job: id, run } = message.data;
  const job = jobs.getByName(id);
  const request = await job.begin(run);
  if (request === undefined) return;
  try {
    await job.settle(run, { state: "done", result: await compute(id, request, deps) });
  } catch (cause) {
    const error = asServiceError(cause);
    const shown: JobError = { code: error.code, detail: error.message };
    if (isFinal(error)) return await job.settle(run, { state: "failed", error: shown });
    // If the job cannot note why it failed, that reason is still the one to throw.
    await job.postpone(run, shown).catch((failure: unknown) => logError(id, failure));
    throw error;
  }
}

/** Takes the steps of a request, but waits for the store: a job is done when its result is stored. */
async function compute(
  requestId: string,
  request: JobRequest,
  { config, pipeline, produceOnce, urlLength, now }: Omit<ConsumerDeps, "jobs" | "uploadRules">,
): Promise<JobResult> {
  const url = await resultUrl(request, config.signing);
  if (url.length > urlLength) {
    // The host, which is not known here, makes the URL longer still.
    throw new ServiceError("url_too_long", expected(`at most ${urlLength} characters`, "URL of the result", url));
  }
  const stopwatch = createStopwatch(now);
  using located = await pipeline.locate(parseJobPath(request), stopwatch);
  // Only the last known version is left. A request may have its result, but a job reports on what is there now.
  if (located.source.failure !== undefined) throw located.source.failure;
  const { path: key, etag } = located.key;
  const product = await produceOnce(located, { stopwatch, requestId, waitMs: WAIT_MS });
  await product?.stored;
  return { key, etag, computed: product !== undefined };
}

/** Handles a message whose retries are used up: its job is dead. */
async function bury(body: unknown, { jobs }: ConsumerDeps): Promise<void> {
  const message = JobMessage.safeParse(body);
  if (!message.success) return logError("ssiu-jobs-dead", message.error);
  await jobs.getByName(message.data.job).settle(message.data.run, { state: "dead" });
}
