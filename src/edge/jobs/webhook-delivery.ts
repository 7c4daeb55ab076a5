import { ServiceError } from "../../core/errors.ts";
import { parseRetryAfter } from "../../core/http.ts";
import { type WebhookKeys, type WebhookMessage, webhookHeaders } from "../../core/webhook.ts";
import { logError } from "../../service/problem.ts";
import { USER_AGENT } from "../user-agent.ts";
import type { Attempt } from "./job.ts";

const TIMEOUT_MS = 15_000;

/** What an attempt needs besides the message. */
interface DeliveryOptions {
  readonly keys: WebhookKeys;
  readonly nowMs: number;
  /** Id of the job, for the log. */
  readonly job: string;
}

/** Sends an event once. Redirects are not followed, because only the callback's own address was checked. */
export async function deliver(
  message: WebhookMessage,
  callback: string,
  { keys, nowMs, job }: DeliveryOptions,
): Promise<Attempt> {
  // Only the host is logged, because the path may be a secret of the receiver's.
  const { host } = new URL(callback);
  try {
    const response = await fetch(callback, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        ...webhookHeaders(keys, message, nowMs),
      },
      body: message.body,
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    if (!response.ok) {
      logError(job, new ServiceError("webhook_failed", `Expected 2xx of ${host} for webhook, got ${response.status}`));
    }
    return { status: response.status, retryAfterMs: parseRetryAfter(response.headers.get("Retry-After"), nowMs) };
  } catch (cause) {
    // The connection was refused, reset or too slow; the next attempt may succeed.
    logError(job, new ServiceError("webhook_failed", `Expected an answer of ${host} for webhook, got none`, { cause }));
    return {};
  }
}
