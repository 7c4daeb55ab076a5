import * as z from "zod";
import { ServiceError } from "../../core/errors.ts";
import { logError } from "../../service/problem.ts";
import type { JobRequest } from "./job.ts";
import { derivedJobId } from "./job-id.ts";
import type { JobObject } from "./job-object.ts";
import { canonicalRequest } from "./job-request.ts";
import type { UploadRule } from "./upload-rules.ts";

/**
 * The fields of an R2 event notification that matter here. Not strict: it has others, and Cloudflare may add more.
 *
 * @see https://developers.cloudflare.com/r2/buckets/event-notifications/#message-format (2026-04-21)
 */
export const UploadEvent = z.object({
  action: z.string(),
  bucket: z.string(),
  object: z.object({ key: z.string(), eTag: z.string().optional() }),
  eventTime: z.string().optional(),
});
type UploadEvent = z.infer<typeof UploadEvent>;

/** The actions of the event type object-create; all others are deletions. */
const CREATIONS = ["PutObject", "CopyObject", "CompleteMultipartUpload"];

interface UploadDeps {
  readonly uploadRules: readonly UploadRule[];
  readonly jobs: DurableObjectNamespace<JobObject>;
}

/** Makes the jobs of one upload. The same event makes the same jobs, however often it comes. */
export async function makeUploadJobs(body: unknown, { uploadRules, jobs }: UploadDeps): Promise<void> {
  const event = UploadEvent.safeParse(body);
  if (!event.success) return logError("ssiu-uploads", event.error);
  if (!CREATIONS.includes(event.data.action)) return;
  const { bucket, object, eventTime } = event.data;
  for (const request of requestsFor(event.data, uploadRules)) {
    const { ops, callback = "" } = request;
    // Because of the time, uploading the same bytes again is another upload: the first may have failed, or been deleted.
    const upload = [bucket, object.key, object.eTag ?? "", eventTime ?? ""];
    const id = await derivedJobId("upload", ...upload, ops, callback);
    await jobs.getByName(id).create(id, request);
  }
}

function requestsFor({ object: { key } }: UploadEvent, uploadRules: readonly UploadRule[]): JobRequest[] {
  const matching = uploadRules.filter(({ prefix }) => key.startsWith(prefix));
  try {
    return matching.flatMap(({ ops, callback }) =>
      ops.map((op) => canonicalRequest({ source: key, ops: op, callback })),
    );
  } catch (cause) {
    // A retry would not help: a key that no URL can name stays one.
    if (!(cause instanceof ServiceError)) throw cause;
    logError("ssiu-uploads", cause);
    return [];
  }
}
