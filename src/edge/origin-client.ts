import { toBase64Url } from "../core/base64url.ts";
import { ServiceError } from "../core/errors.ts";
import { contentDigest, originSigningText } from "../core/origin-request.ts";
import { formatTransform } from "../core/transform.ts";
import { possibleIds } from "../service/model-choice.ts";
import type { PlannedSource, Rendered } from "../service/render.ts";
import { afterFailure, HEALTHY, pass } from "./circuit-breaker.ts";
import type { Holding } from "./memory.ts";
import { type AttemptEnd, type Expectation, readAnswer, unreachable } from "./origin-answer.ts";
import type { OriginConfig } from "./origin-config.ts";
import type { OriginLimits } from "./place.ts";
import { USER_AGENT } from "./user-agent.ts";

/** A picture for the origin to upscale. */
interface OriginJob extends Omit<PlannedSource, "probe"> {
  readonly holding: Pick<Holding, "result">;
}

/** The server that runs the same model on what is too large for an isolate. */
export interface Origin {
  readonly limits: OriginLimits;
  /**
   * The result, checked.
   *
   * @throws {ServiceError} `origin_failed`, `overloaded`, `deadline_exceeded`, or what the picture is refused for
   */
  upscale(job: OriginJob, requestId: string): Promise<Rendered>;
}

/** Access to the network, and the time in Unix milliseconds. */
interface OriginClientDeps {
  readonly fetch: typeof fetch;
  readonly now: () => number;
}

const ATTEMPTS = 2;
/** A pause takes at most this share of the deadline: the source stays in memory meanwhile, and the second attempt needs the rest. */
const LONGEST_PAUSE = 1 / 4;
const CIRCUIT = { maxFailures: 5, pauseMs: 10_000 } as const;

/** One deadline covers all attempts: a second one where it can help, none while the origin is known to be down. */
export function createOriginClient(config: OriginConfig, { fetch, now }: OriginClientDeps): Origin {
  let circuit = HEALTHY;

  async function attempt(job: OriginJob, requestId: string, remainingMs: number): Promise<AttemptEnd> {
    const { url, keys, resultBytes } = config;
    // `format=auto` has been resolved here: the origin gets the final format.
    const pathAndQuery = `/v1/upscale?${formatTransform({ ...job.transform, format: job.plan.format })}`;
    const digest = await contentDigest(job.bytes);
    const timestamp = Math.floor(now() / 1000);
    const signature = await keys.sign(originSigningText({ pathAndQuery, digest, timestamp }));
    const signal = AbortSignal.timeout(remainingMs);
    try {
      const response = await fetch(`${url}${pathAndQuery}`, {
        method: "POST",
        body: job.bytes,
        redirect: "manual",
        signal,
        headers: {
          "User-Agent": USER_AGENT,
          "Content-Type": "application/octet-stream",
          "Content-Digest": digest,
          "X-SSIU-Timestamp": `${timestamp}`,
          "X-SSIU-Key-Id": keys.id,
          "X-SSIU-Signature": toBase64Url(signature),
          "X-SSIU-Deadline-Ms": `${Math.floor(remainingMs)}`,
          "X-Request-Id": requestId,
        },
      });
      return await readAnswer(response, expectation(job, resultBytes, signal), now());
    } catch (cause) {
      if (!signal.aborted) return unreachable(cause);
      return {
        alive: false,
        error: new ServiceError("deadline_exceeded", "The origin did not answer in time", { cause }),
      };
    }
  }

  return {
    limits: config.limits,
    async upscale(job, requestId) {
      const endMs = now() + config.deadlineMs;
      let met: ServiceError | undefined;
      for (let attempts = 1; ; attempts++) {
        const passage = pass(circuit, now(), CIRCUIT);
        circuit = passage.circuit;
        if (passage.waitMs > 0) {
          // The first attempt's error may be what opened the circuit, and says more.
          if (met !== undefined) throw met;
          const retryAfterSeconds = Math.ceil(passage.waitMs / 1000);
          throw new ServiceError("overloaded", "The origin does not answer at the moment", { retryAfterSeconds });
        }
        const outcome = await attempt(job, requestId, Math.max(1, endMs - now()));
        circuit = outcome.alive ? HEALTHY : afterFailure(circuit, now(), CIRCUIT);
        if ("rendered" in outcome) return outcome.rendered;
        const { error, retryInMs } = outcome;
        if (attempts === ATTEMPTS || retryInMs === undefined) throw error;
        if (retryInMs > LONGEST_PAUSE * config.deadlineMs || now() + retryInMs >= endMs) throw error;
        met = error;
        await new Promise((resolve) => setTimeout(resolve, retryInMs));
      }
    },
  };
}

function expectation({ plan, holding }: OriginJob, maxBytes: number, signal: AbortSignal): Expectation {
  const { format, canvas, models } = plan;
  // If other results take the room for this one until the time is up, the origin is not to blame.
  const reserve = (bytes: number) =>
    new Promise<void>((resolve, reject) => {
      const refuse = () => reject(new ServiceError("overloaded", "Other results fill the memory that this one needs"));
      signal.addEventListener("abort", refuse, { once: true });
      holding.result(bytes).then(resolve, reject);
    });
  return { format, ...canvas, models: possibleIds(models), maxBytes, reserve };
}
