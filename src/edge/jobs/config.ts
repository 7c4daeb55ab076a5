import * as z from "zod";
import { parseWebhookKeys, type WebhookKeys } from "../../core/webhook.ts";
import { oneOf, parsedBy, parseSettings, setting, wholeNumber } from "../../service/settings.ts";
import { type Signing, SigningVars, VARS_PLACE } from "../config.ts";

/** A whole number of seconds, parsed into milliseconds. */
const seconds = (least: number, fallback: string) =>
  wholeNumber(least, 99_999_999)
    .transform((value) => value * 1000)
    .prefault(fallback);

/** @throws {TypeError} that says which token is wrong, but never contains it. */
function parseTokens(text: string, name: string): string[] {
  return text.split(",").map((entry, i) => {
    const token = entry.trim();
    if (/^[\x21-\x7e]{16,}$/.test(token)) return token;
    throw new TypeError(`Expected 16 printable characters or more for token ${i + 1} of ${name}`);
  });
}

/** The `[vars]` and secrets that jobs and webhooks need. */
const Vars = z.object({
  JOB_TOKENS: parsedBy(parseTokens, "JOB_TOKENS").default([]),
  JOB_RETRY_SECONDS: seconds(0, "10"),
  JOB_WATCHDOG_SECONDS: seconds(1, "1800"),
  JOB_RETENTION_SECONDS: seconds(0, "2592000"),
  WEBHOOK_SCHEDULE_SECONDS: setting("whole numbers of seconds, of 6 digits at most, separated by commas,", (text) =>
    /^\d{1,6}(,\d{1,6})*$/.test(text),
  )
    .transform((text) => text.split(",").map((seconds) => Number(seconds) * 1000))
    .prefault("0,5,300,1800,7200,18000,36000"),
  WEBHOOK_KEYS: parsedBy(parseWebhookKeys, "WEBHOOK_KEYS").default([]),
  SOURCE_WEBHOOK_KEYS: parsedBy(parseWebhookKeys, "SOURCE_WEBHOOK_KEYS").default([]),
  ALLOW_LOCAL_CALLBACKS: oneOf(["true", "false"]).default("false"),
});

export interface JobConfig {
  /** Each opens all of /v1 but the signed /v1/webhooks; without any, nobody gets in. */
  readonly tokens: readonly string[];
  /** Delay before the first retry of a job; doubles with each further one. */
  readonly retryMs: number;
  /** A job that has not ended is queued again after this time. */
  readonly watchdogMs: number;
  /** How long a job is kept after its end, or after its last webhook attempt. */
  readonly retentionMs: number;
  /** Delay before each attempt to deliver a webhook, counted from the one before. */
  readonly webhookScheduleMs: readonly number[];
  /** Keys that sign outgoing webhooks; without any, callbacks are refused. */
  readonly webhookKeys: WebhookKeys;
  /** Keys that verify incoming webhooks; without any, nothing is accepted. */
  readonly sourceWebhookKeys: WebhookKeys;
  /** Which links to results are signed, and by which keys. */
  readonly signing: Signing;
  /** For `npm start`: a callback may be on this machine. */
  readonly allowLocalCallbacks: boolean;
}

/** @throws {Error} that names the variable, but never a secret. */
export function parseJobConfig(env: object): JobConfig {
  const vars = parseSettings(Vars.and(SigningVars), env, VARS_PLACE);
  return {
    tokens: vars.JOB_TOKENS,
    retryMs: vars.JOB_RETRY_SECONDS,
    watchdogMs: vars.JOB_WATCHDOG_SECONDS,
    retentionMs: vars.JOB_RETENTION_SECONDS,
    webhookScheduleMs: vars.WEBHOOK_SCHEDULE_SECONDS,
    webhookKeys: vars.WEBHOOK_KEYS,
    sourceWebhookKeys: vars.SOURCE_WEBHOOK_KEYS,
    signing: vars.signing,
    allowLocalCallbacks: vars.ALLOW_LOCAL_CALLBACKS === "true",
  };
}
