import { joinImagePath } from "../../core/image-path.ts";
import { NEVER, signUrl } from "../../core/signed-url.ts";
import { keysFor } from "../access.ts";
import type { Signing } from "../config.ts";
import type { JobRequest } from "./job.ts";
import { parseJobPath } from "./job-request.ts";

/** The path that serves a result. If it has to be signed, the current signing key signs it, without expiry. */
export async function resultUrl(job: JobRequest, signing: Signing): Promise<string> {
  const keys = keysFor(job.source, signing);
  if (keys === undefined) return joinImagePath(job.ops, job.source);
  return await signUrl(parseJobPath(job), NEVER, keys);
}
