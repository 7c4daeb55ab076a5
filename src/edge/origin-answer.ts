import * as z from "zod";
import { expected, ServiceError } from "../core/errors.ts";
import { parseRetryAfter } from "../core/http.ts";
import { type Format, mediaType, type Size } from "../core/image.ts";
import { parseJson } from "../core/json.ts";
import { contentDigest } from "../core/origin-request.ts";
import { probe } from "../core/probe/probe.ts";
import { PIPELINE_VERSION } from "../core/result-key.ts";
import type { Rendered } from "../service/render.ts";
import type { Reserve } from "../service/source-body.ts";

/** What an origin's result must match to be accepted. */
export interface Expectation extends Size {
  readonly format: Format;
  /** Ids that the result's model may have; `none` at x1. */
  readonly models: readonly string[];
  readonly maxBytes: number;
  readonly reserve: Reserve;
}

/** How one attempt ended. */
export type AttemptEnd =
  | { readonly alive: true; readonly rendered: Rendered }
  | {
      /** Whether the origin works, and only this request failed. */
      readonly alive: boolean;
      readonly error: ServiceError;
      /** Pause before a second attempt; absent if that would end the same way. */
      readonly retryInMs?: number | undefined;
    };

/** Pause before a retry, if the origin does not say how long to wait. */
const RETRY_PAUSE_MS = 200;

/** A client is sent away for an hour at most, and never told to come back at once. */
const [MIN_RETRY_AFTER_SECONDS, MAX_RETRY_AFTER_SECONDS] = [1, 3600];

/** Faults of the picture that the origin may report, in our words: none of the origin's text reaches a client. */
const PICTURE_FAULTS = {
  source_too_large: "The source has too many bytes",
  image_too_large: "The picture is too large",
  unsupported_format: "The source cannot be decoded here",
  undecodable_image: "The source is damaged",
} as const;

const Problem = z.object({
  code: z.enum(["source_too_large", "image_too_large", "unsupported_format", "undecodable_image"]),
});

const Detail = z.object({
  limit: z.number(),
  actual: z.number(),
  unit: z.enum(["bytes", "pixels", "px", "frames", "scans"]),
});

/** More than any of our problem documents has. */
const MAX_PROBLEM_BYTES = 4096;

/**
 * Reads an answer to its end and trusts nothing in it.
 *
 * @throws whatever reading throws when the connection breaks.
 */
export async function readAnswer(response: Response, expectation: Expectation, nowMs: number): Promise<AttemptEnd> {
  if (response.status === 200) return await readResult(response, expectation);
  const text = await readProblem(response);
  const cause = new Error(`The origin answered ${response.status}: ${text.slice(0, 200)}`);
  const retryAfterMs = parseRetryAfter(response.headers.get("Retry-After"), nowMs);
  switch (response.status) {
    case 413:
    case 415:
    case 422: {
      const error = pictureFault(text, cause);
      if (error?.status === response.status) return { alive: true, error };
      return { alive: false, error: unusable(cause) };
    }
    case 503: {
      const askedSeconds = Math.ceil((retryAfterMs ?? 0) / 1000);
      const retryAfterSeconds = Math.min(MAX_RETRY_AFTER_SECONDS, Math.max(MIN_RETRY_AFTER_SECONDS, askedSeconds));
      const error = new ServiceError("overloaded", "The origin is busy, still starting or too slow for the picture", {
        cause,
        retryAfterSeconds,
      });
      // An origin that says when to come back is busy, not broken.
      return { alive: retryAfterMs !== undefined, error, retryInMs: retryAfterMs ?? RETRY_PAUSE_MS };
    }
    case 504: {
      const error = new ServiceError("deadline_exceeded", "The origin did not finish in time", { cause });
      return { alive: false, error, retryInMs: retryAfterMs ?? RETRY_PAUSE_MS };
    }
    case 502:
      return unreachable(cause, retryAfterMs);
    default:
      return { alive: false, error: unusable(cause) };
  }
}

/** The outcome of an attempt that got no answer, or only a part of one. */
export function unreachable(cause: unknown, retryInMs = RETRY_PAUSE_MS): AttemptEnd {
  return {
    alive: false,
    error: new ServiceError("origin_failed", "The origin cannot be reached", { cause }),
    retryInMs,
  };
}

async function readResult(
  response: Response,
  { format, width, height, models, maxBytes, reserve }: Expectation,
): Promise<AttemptEnd> {
  const { headers } = response;
  const length = Number(/^[1-9]\d{0,15}$/.exec(headers.get("Content-Length") ?? "")?.[0]);
  const refuse = async (reason: string): Promise<AttemptEnd> => {
    await response.body?.cancel();
    return { alive: false, error: unusable(new Error(reason)) };
  };
  const type = headers.get("Content-Type") ?? "";
  if (type !== mediaType(format)) return refuse(expected(mediaType(format), "Content-Type", type));
  // An origin of another version makes other bytes, which would be stored under our key.
  const pipeline = headers.get("X-SSIU-Pipeline") ?? "";
  if (pipeline !== `${PIPELINE_VERSION}`) return refuse(expected(`${PIPELINE_VERSION}`, "X-SSIU-Pipeline", pipeline));
  const model = headers.get("X-SSIU-Model") ?? "";
  if (!models.includes(model)) return refuse(expected(models.join(" or "), "X-SSIU-Model", model));
  if (response.body === null || Number.isNaN(length)) return refuse("Expected a body of known length");
  if (length > maxBytes) {
    await response.body.cancel();
    const detail = { limit: maxBytes, actual: length, unit: "bytes" };
    const message = `Expected at most ${maxBytes} bytes for result, got ${length}; other formats and qualities take less`;
    return { alive: true, error: new ServiceError("image_too_large", message, { detail }) };
  }

  try {
    await reserve(length);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    // Cancelling may fail if the time is up, which does not matter.
    await response.body.cancel().catch(() => {});
    return { alive: true, error };
  }
  const bytes = await readExactly(response.body, length);
  const digest = await contentDigest(bytes);
  if (headers.get("Content-Digest") !== digest) {
    return refuse(expected(digest, "Content-Digest", headers.get("Content-Digest") ?? ""));
  }
  const size = describe(bytes);
  if (size !== `${format} ${width}x${height}`) return refuse(expected(`${format} ${width}x${height}`, "result", size));
  return { alive: true, rendered: { bytes, model } };
}

/** Format and visible size by our own probe, as in `webp 200x100`; says so if it is turned, moving or unreadable. */
function describe(bytes: Uint8Array): string {
  try {
    const { format, crop, orientation, frames, ...stored } = probe(bytes);
    const { width, height } = crop ?? stored;
    return `${format} ${width}x${height}${orientation === 1 ? "" : " turned"}${frames === 1 ? "" : " moving"}`;
  } catch (error) {
    if (error instanceof ServiceError) return error.message;
    throw error;
  }
}

async function readExactly(body: ReadableStream<Uint8Array>, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  for await (const chunk of body) {
    if (filled + chunk.length > length) throw new RangeError(`Expected a body of ${length} bytes, got more`);
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled < length) throw new RangeError(`Expected a body of ${length} bytes, got ${filled}`);
  return bytes;
}

async function readProblem({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    // Leaving the loop cancels the stream.
    if (text.length > MAX_PROBLEM_BYTES) break;
  }
  return text;
}

function pictureFault(text: string, cause: Error): ServiceError | undefined {
  const problem = parseJson(text);
  const { data: fault } = Problem.safeParse(problem);
  const { data: detail } = Detail.safeParse(problem);
  return fault && new ServiceError(fault.code, PICTURE_FAULTS[fault.code], { cause, detail });
}

function unusable(cause: Error): ServiceError {
  return new ServiceError("origin_failed", "The origin's answer cannot be used", { cause });
}
