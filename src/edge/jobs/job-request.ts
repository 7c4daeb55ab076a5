import * as z from "zod";
import { assertPublicUrl } from "../../core/address.ts";
import { type AllowList, assertAllowed } from "../../core/allow-list.ts";
import { expected, ServiceError } from "../../core/errors.ts";
import { type ImagePath, joinImagePath, parseImagePath } from "../../core/image-path.ts";
import type { Presets } from "../../core/presets.ts";
import { isRemote } from "../../core/remote-url.ts";
import { formatTransform } from "../../core/transform.ts";
import type { JobConfig } from "./config.ts";
import { assertSameRequest, type JobRequest } from "./job.ts";
import type { JobObject } from "./job-object.ts";

function textUpTo(most: number) {
  const error = `Expected a string of 1 to ${most} characters`;
  return z.string({ error }).min(1, error).max(most, error);
}

/** The fields of a job besides its ops. What `source` means is decided by the grammar of image URLs. */
export const JobFields = {
  source: textUpTo(1024),
  callback: z.url({ error: "Expected a URL" }).max(2048, "Expected at most 2048 characters").optional(),
};

/** Ops of one request. */
export const Ops = textUpTo(512);

const severalOps = "Expected a list of 1 to 10 ops";
/** Ops of several requests. */
export const SeveralOps = z.array(Ops, { error: severalOps }).min(1, severalOps).max(10, severalOps);

/** @throws {ServiceError} as {@link parseImagePath} */
export function parseJobPath({ source, ops }: JobRequest, presets?: Presets): ImagePath {
  // No URL can encode half of a surrogate pair.
  if (/\p{Surrogate}/u.test(`${source} ${ops}`)) {
    throw new ServiceError("invalid_path", expected("well-formed Unicode", "source and ops", `${source} ${ops}`));
  }
  if (!isRemote(source) && /%[0-9a-f]{2}/i.test(source)) {
    throw new ServiceError("invalid_path", expected("a key as it is, nothing percent-encoded", "source", source));
  }
  return parseImagePath(joinImagePath(encodeURIComponent(ops), source), presets);
}

/** Brings a request into the canonical form that equal requests share. @throws as {@link parseJobPath}, and `invalid_job` */
export function canonicalRequest(request: JobRequest, presets?: Presets): JobRequest {
  const { source, transform } = parseJobPath(request, presets);
  const { format } = transform;
  if (format === "json" || format === "auto") throw invalid(expected("the format of one picture", "format", format));
  return { source, ops: formatTransform(transform), callback: request.callback };
}

/** The rules for all clients that create jobs. */
export interface RequestRules {
  readonly config: JobConfig;
  readonly presets: Presets;
  /** Where remote sources may come from. */
  readonly allowed: AllowList;
}

/**
 * Checks a client's request and returns it in canonical form.
 *
 * @param url - URL of the request: a callback may not lead back to its host.
 * @throws as {@link canonicalRequest} and {@link checkCallback}, and `source_forbidden`
 */
export function acceptRequest(asked: JobRequest, url: string, { config, presets, allowed }: RequestRules): JobRequest {
  checkCallback(asked.callback, new URL(url).host, config);
  const request = canonicalRequest(asked, presets);
  if (isRemote(request.source)) assertAllowed(allowed, new URL(request.source));
  return request;
}

/** The job with an id, made now or before by an equal request. @throws {ServiceError} `idempotency_conflict` for `name` */
export async function makeJob(jobs: DurableObjectNamespace<JobObject>, id: string, request: JobRequest, name: string) {
  const job = await jobs.getByName(id).create(id, request);
  assertSameRequest(job, request, name);
  return job;
}

/**
 * Refuses a callback that may lead into a private network, or back to us.
 *
 * @param ownHost - host and port that the request came to.
 * @throws {ServiceError} `invalid_job`
 */
export function checkCallback(
  callback: string | undefined,
  ownHost: string | undefined,
  { allowLocalCallbacks, webhookKeys }: Pick<JobConfig, "allowLocalCallbacks" | "webhookKeys">,
): void {
  if (callback === undefined) return;
  const url = new URL(callback);
  // Show only the origin, or the scheme if there is none: the rest of the URL may contain a password.
  const shown = url.origin === "null" ? url.protocol : url.origin;
  const refuse = (what: string, options?: ErrorOptions) => invalid(expected(what, "callback", shown), options);
  if (webhookKeys.length === 0) throw refuse("none, as there is no key to sign with");
  if (url.host === ownHost) throw refuse("another host than ours");
  if (allowLocalCallbacks && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname)) return;
  try {
    assertPublicUrl(url);
  } catch (cause) {
    throw refuse("a public https address", { cause });
  }
}

/** Most characters of a schema's message. */
const MAX_MESSAGE = 200;

/**
 * Parses the body of a request with a schema.
 *
 * @throws {ServiceError} `invalid_json`, `invalid_job`
 */
export function parseBody<T>(schema: z.ZodType<T>, text: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ServiceError("invalid_json", expected("JSON", "body", text), { cause });
  }
  const parsed = schema.safeParse(json, { error: describe });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  // The message may be long: it names every unknown field.
  const message = issue?.message.slice(0, MAX_MESSAGE);
  throw invalid(`${message} for ${issue?.path.join(".") || "body"}`);
}

/** Messages for errors that the schema has no message of its own for. */
const describe: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === "invalid_type") return `Expected ${TYPES.get(issue.expected) ?? issue.expected}`;
  return issue.code === "unrecognized_keys" ? `Expected nothing named ${issue.keys.join(", ")}` : undefined;
};
const TYPES: ReadonlyMap<string, string> = new Map([
  ["object", "an object"],
  ["string", "a string"],
  ["number", "a number"],
]);

function invalid(message: string, options?: ErrorOptions): ServiceError {
  return new ServiceError("invalid_job", message, options);
}
