import { expect, it } from "vitest";
import type { JobConfig } from "../../../src/edge/jobs/config.ts";
import {
  assertSameRequest,
  attempted,
  begun,
  dispatched,
  type Job,
  listsOf,
  newJob,
  postponed,
  replayed,
  settled,
} from "../../../src/edge/jobs/job.ts";
import { jobView } from "../../../src/edge/jobs/job-view.ts";
import { jobEvent } from "../../../src/edge/jobs/webhook-event.ts";

const SECOND = 1000;
const DAY = 86_400 * SECOND;

const CONFIG: JobConfig = {
  tokens: [],
  retryMs: 10 * SECOND,
  watchdogMs: 1800 * SECOND,
  retentionMs: 30 * DAY,
  webhookScheduleMs: [0, 5, 300, 1800, 7200, 18_000, 36_000].map((seconds) => seconds * SECOND),
  webhookKeys: [],
  sourceWebhookKeys: [],
  signing: { mode: "off" },
  allowLocalCallbacks: false,
};
const REQUEST = { source: "a.png", ops: "x2", callback: "https://example.com/" };
const RESULT = { key: "r1/m/0", etag: '"0"', computed: true };
const ERROR = { code: "internal", detail: "It failed" } as const;

function done(callback?: string): Job {
  const job = begun(newJob("1", { ...REQUEST, callback }, 0), 100, CONFIG);
  return settled(job, { state: "done", result: RESULT }, 200, CONFIG);
}

/** A done job whose receiver was called once and answered with `status`. */
function answered(status: number | undefined): Job {
  return attempted(done(REQUEST.callback), { status }, { nowMs: 300, random: () => 0, config: CONFIG });
}

/** Makes all attempts, each with this answer. @returns the final job and the gaps between the attempts in seconds */
function attempts(answer: { status?: number; retryAfterMs?: number }, random: () => number) {
  const moments: number[] = [];
  let job = done(REQUEST.callback);
  while (job.delivery?.state === "pending") {
    moments.push(job.wakeAtMs);
    job = attempted(job, answer, { nowMs: job.wakeAtMs, random, config: CONFIG });
  }
  return { job, gaps: moments.map((at, i) => (at - (moments[i - 1] ?? 200)) / SECOND) };
}

it("is looked after again when it is in the queue or begun, and told of at once when it is done", () => {
  const queued = dispatched(newJob("1", REQUEST, 0), 50, CONFIG);
  expect(queued).toMatchObject({ state: "queued", attempts: 0, wakeAtMs: 50 + 1800 * SECOND });
  const running = begun(newJob("1", REQUEST, 0), 100, CONFIG);
  expect(running).toMatchObject({ state: "running", attempts: 1, wakeAtMs: 100 + 1800 * SECOND });
  expect(done(REQUEST.callback)).toMatchObject({
    state: "done",
    result: RESULT,
    delivery: { state: "pending" },
    wakeAtMs: 200,
  });
});

it("is forgotten after the retention, from when nobody is to be told any more", () => {
  expect(done()).toMatchObject({ delivery: undefined, wakeAtMs: 200 + 30 * DAY });
  expect(answered(204).wakeAtMs).toBe(300 + 30 * DAY);
});

it("keeps the last error of a job that dies, and drops it when it is done after all", () => {
  const tried = postponed(begun(newJob("1", REQUEST, 0), 0, CONFIG), ERROR);
  expect(tried).toMatchObject({ state: "queued", error: ERROR });
  expect(settled(tried, { state: "dead" }, 1, CONFIG)).toMatchObject({ state: "dead", error: ERROR });
  expect(settled(tried, { state: "done", result: RESULT }, 1, CONFIG).error).toBeUndefined();
});

it("has an error to tell where it died without one", async () => {
  const killed = begun(newJob("1", REQUEST, 0), 0, CONFIG);
  const { data } = JSON.parse((await jobEvent(settled(killed, { state: "dead" }, 1, CONFIG), CONFIG.signing)).body);
  expect(data.error).toEqual({ code: "internal", detail: "No attempt came to its end" });
});

it("tells when it ended", async () => {
  const { body } = await jobEvent(done(REQUEST.callback), CONFIG.signing);
  expect(JSON.parse(body).timestamp).toBe("1970-01-01T00:00:00.200Z");
});

it("shows when it ended and, until its receiver knows, when that is told next", async () => {
  expect(await jobView(answered(500), CONFIG.signing)).toMatchObject({
    createdAt: "1970-01-01T00:00:00.000Z",
    settledAt: "1970-01-01T00:00:00.200Z",
    webhook: { nextAt: "1970-01-01T00:00:05.300Z" },
  });
  expect((await jobView(answered(204), CONFIG.signing)).webhook?.nextAt).toBeUndefined();
});

it("attempts at 0, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, and then no more", () => {
  const { job, gaps } = attempts({ status: 500 }, () => 0);
  expect(gaps).toEqual([0, 5, 300, 1800, 7200, 18_000, 36_000]);
  expect(job.delivery).toEqual({ state: "exhausted", attempts: 7, status: 500 });
});

it("comes up to a fifth later by chance", () => {
  expect(attempts({}, () => 1).gaps).toEqual([0, 6, 360, 2160, 8640, 21_600, 43_200]);
});

it("does not come before Retry-After, nor later than a day", () => {
  expect(attempts({ status: 503, retryAfterMs: 60 * SECOND }, () => 0).gaps.slice(0, 3)).toEqual([0, 60, 300]);
  expect(attempts({ status: 503, retryAfterMs: 1000 * DAY }, () => 0).gaps[1]).toBe(86_400);
});

it.each([
  [200, "delivered"],
  [204, "delivered"],
  [410, "disabled"],
  [301, "pending"],
  [404, "pending"],
  [500, "pending"],
  [undefined, "pending"],
])("after the answer %s it is %s", (status, state) => {
  expect(answered(status).delivery).toEqual({ state, attempts: 1, status });
});

it("starts anew only where there is no result, as another run", () => {
  expect(replayed(newJob("1", REQUEST, 0), 500)).toBeUndefined();
  expect(replayed(done(), 500)).toBeUndefined();
  expect(replayed(done(REQUEST.callback), 500)).toBeUndefined();
  const failed = settled(begun(newJob("1", REQUEST, 0), 0, CONFIG), { state: "failed", error: ERROR }, 1, CONFIG);
  const again = replayed(failed, 500);
  expect(again).toMatchObject({ ...REQUEST, state: "queued", run: 2, attempts: 0, createdAtMs: 0, wakeAtMs: 500 });
  expect([again?.error, again?.delivery, again?.settledAtMs]).toEqual([undefined, undefined, undefined]);
});

it.each([
  [500, "exhausted", ["undelivered"]],
  [410, "disabled", []],
])("is told of anew, as the same event, where the receiver said %i until it was %s", async (status, state, lists) => {
  const { job } = attempts({ status }, () => 0);
  expect(job.delivery?.state).toBe(state);
  expect(listsOf(job)).toEqual(lists);
  const again = replayed(job, 500);
  expect(again).toEqual({ ...job, delivery: { state: "pending", attempts: 0 }, wakeAtMs: 500 });
  expect(again && (await jobEvent(again, CONFIG.signing))).toEqual(await jobEvent(job, CONFIG.signing));
  const told = again && attempted(again, { status: 204 }, { nowMs: 600, random: () => 0, config: CONFIG });
  expect(told && replayed(told, 700)).toBeUndefined();
  expect(told && listsOf(told)).toEqual([]);
});

it.each(["source", "ops", "callback"])("is not the job that was asked for before with another %s", (field) => {
  expect(() => assertSameRequest(REQUEST, { ...REQUEST }, "id")).not.toThrow();
  const conflict = expect.objectContaining({ code: "idempotency_conflict", status: 422 });
  expect(() => assertSameRequest(REQUEST, { ...REQUEST, [field]: "another" }, "id")).toThrow(conflict);
});
