import { withJitter } from "../../core/backoff.ts";
import { type ErrorCode, ServiceError } from "../../core/errors.ts";
import type { JobConfig } from "./config.ts";
import { JOB_LISTS, type JobList } from "./job-lists.ts";

/** What a job is to do, in canonical form. */
export interface JobRequest {
  /** As in {@link ImagePath}. */
  readonly source: string;
  /** A transform as formatTransform writes it. */
  readonly ops: string;
  /** URL that a webhook tells how the job ended. */
  readonly callback?: string | undefined;
}

/** A stored result. */
export interface JobResult {
  /** Key in the bucket of results. */
  readonly key: string;
  readonly etag: string;
  /** False if the result was there already. */
  readonly computed: boolean;
}

/** Why a job has no result, as the client of a request would have been told. */
export interface JobError {
  readonly code: ErrorCode;
  readonly detail: string;
}

/** How a job ended: `failed` is final, `dead` means that the retries are used up. Both may be replayed. */
export type JobEnd =
  | { readonly state: "done"; readonly result: JobResult }
  | { readonly state: "failed" | "dead"; readonly error?: JobError | undefined };

interface Delivery {
  /** `disabled`: the receiver answered 410; `exhausted`: the schedule has come to its end. */
  readonly state: "pending" | "delivered" | "disabled" | "exhausted";
  readonly attempts: number;
  /** Status of the last answer; absent if there was none. */
  readonly status?: number | undefined;
}

/** The whole record of a job. Only the functions of this file change it: they take a record and return another. */
export interface Job extends JobRequest {
  readonly id: string;
  readonly state: "queued" | "running" | JobEnd["state"];
  /** Counts runs from 1. A message about an earlier run is stale. */
  readonly run: number;
  /** How often the work of this run has been begun. */
  readonly attempts: number;
  readonly createdAtMs: number;
  readonly settledAtMs?: number | undefined;
  readonly result?: JobResult | undefined;
  /** Why the job failed, or why the last attempt did while another will follow. */
  readonly error?: JobError | undefined;
  /** Absent until the end, and if there is no callback. */
  readonly delivery?: Delivery | undefined;
  /** When the job's Durable Object next has something to do. */
  readonly wakeAtMs: number;
}

/** Error of a job that noted none, because each attempt died with its isolate. */
const CUT_OFF: JobError = { code: "internal", detail: "No attempt came to its end" };

export function newJob(id: string, { source, ops, callback }: JobRequest, nowMs: number): Job {
  return { id, source, ops, callback, state: "queued", run: 1, attempts: 0, createdAtMs: nowMs, wakeAtMs: nowMs };
}

/** The lists that a job belongs to. A receiver that answered 410 wants no webhook, so its job is not undelivered. */
export function listsOf({ state, delivery }: Job): JobList[] {
  return JOB_LISTS.filter((list) => (list === "undelivered" ? delivery?.state === "exhausted" : list === state));
}

export function isSettled({ state }: Job): boolean {
  return state !== "queued" && state !== "running";
}

/** @throws {ServiceError} `idempotency_conflict` if the job with this id was made for something else. */
export function assertSameRequest(job: JobRequest, asked: JobRequest, id: string): void {
  if (job.source === asked.source && job.ops === asked.ops && job.callback === asked.callback) return;
  throw new ServiceError("idempotency_conflict", `Expected the same job as before for this ${id}`);
}

/** The job's message is in the queue; the job wakes again later in case the message is lost. */
export function dispatched(job: Job, nowMs: number, { watchdogMs }: JobConfig): Job {
  return { ...job, wakeAtMs: nowMs + watchdogMs };
}

export function begun(job: Job, nowMs: number, { watchdogMs }: JobConfig): Job {
  return { ...job, state: "running", attempts: job.attempts + 1, wakeAtMs: nowMs + watchdogMs };
}

/** The attempt failed, and the queue will bring the next. */
export function postponed(job: Job, error: JobError): Job {
  return { ...job, state: "queued", error };
}

export function settled(job: Job, end: JobEnd, nowMs: number, { retentionMs, webhookScheduleMs }: JobConfig): Job {
  const isToTell = job.callback !== undefined;
  return {
    ...job,
    state: end.state,
    settledAtMs: nowMs,
    result: end.state === "done" ? end.result : undefined,
    error: end.state === "done" ? undefined : (end.error ?? job.error ?? CUT_OFF),
    delivery: isToTell ? { state: "pending", attempts: 0 } : undefined,
    wakeAtMs: nowMs + (isToTell ? (webhookScheduleMs[0] ?? 0) : retentionMs),
  };
}

/** Another run of the same job. */
export function anew(job: Job, nowMs: number): Job {
  return { ...newJob(job.id, job, nowMs), run: job.run + 1, createdAtMs: job.createdAtMs };
}

/**
 * Runs a job again if it ended without a result. If it has one, restarts a delivery that was given up, with the same event.
 * Undefined if there is neither.
 */
export function replayed(job: Job, nowMs: number): Job | undefined {
  if (job.state === "failed" || job.state === "dead") return anew(job, nowMs);
  if (job.delivery?.state !== "disabled" && job.delivery?.state !== "exhausted") return undefined;
  return { ...job, delivery: { state: "pending", attempts: 0 }, wakeAtMs: nowMs };
}

/** The outcome of one attempt to deliver an event. */
export interface Attempt {
  /** Absent if there was no answer. */
  readonly status?: number | undefined;
  /** How long the receiver asked not to be called again. */
  readonly retryAfterMs?: number | undefined;
}

/** A receiver may ask for patience, but not for longer than this. */
const MAX_RETRY_AFTER_MS = 24 * 3600 * 1000;

/** A settled job after an attempt to deliver its event. @param random - as Math.random. */
export function attempted(
  job: Job,
  { status, retryAfterMs = 0 }: Attempt,
  { nowMs, random, config }: { nowMs: number; random: () => number; config: JobConfig },
): Job {
  const attempts = (job.delivery?.attempts ?? 0) + 1;
  const delayMs = config.webhookScheduleMs[attempts];
  const state = deliveryState(status, delayMs);
  if (delayMs === undefined || state !== "pending") {
    return { ...job, delivery: { state, attempts, status }, wakeAtMs: nowMs + config.retentionMs };
  }
  const waitMs = Math.max(withJitter(delayMs, random), Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
  return { ...job, delivery: { state, attempts, status }, wakeAtMs: nowMs + waitMs };
}

function deliveryState(status: number | undefined, nextDelayMs: number | undefined): Delivery["state"] {
  if (status !== undefined && status >= 200 && status < 300) return "delivered";
  if (status === 410) return "disabled";
  return nextDelayMs === undefined ? "exhausted" : "pending";
}
