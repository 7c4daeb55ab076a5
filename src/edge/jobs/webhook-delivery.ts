import { parseRetryAfter } from "../../core/retry-after.ts";
import { type WebhookKeys, type WebhookMessage, webhookHeaders } from "../../core/webhook.ts";
import { USER_AGENT } from "../user-agent.ts";
import type { Attempt } from "./job.ts";

const TIMEOUT_MS = 15_000;

/** Sends an event once. A redirect is an answer like any other: the address was checked, where it leads was not. */
export async function deliver(
  message: WebhookMessage,
  callback: string,
  { keys, nowMs }: { keys: WebhookKeys; nowMs: number },
): Promise<Attempt> {
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
    return { status: response.status, retryAfterMs: parseRetryAfter(response.headers.get("Retry-After"), nowMs) };
  } catch {
    // Refused, reset or too slow: the next attempt may find it better.
    return {};
  }
}
