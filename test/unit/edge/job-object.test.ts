import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { JobEnd } from "../../../src/edge/jobs/job.ts";

// Calls that overlap a send to the queue; the rest is tested in workerd (test/edge/jobs-faults.test.ts).

vi.mock("cloudflare:workers", () => ({
  DurableObject: class {
    ctx: unknown;
    env: unknown;
    constructor(ctx: unknown, env: unknown) {
      this.ctx = ctx;
      this.env = env;
    }
  },
}));
const { JobObject } = await import("../../../src/edge/jobs/job-object.ts");

const SECOND = 1000;
const DAY = 86_400 * SECOND;
const REQUEST = { source: "a.png", ops: "x2" };
const DONE = { state: "done", result: { key: "r1/m/0", etag: '"0"', computed: true } } as const;
const FAILED = { state: "failed", error: { code: "source_not_found", detail: "" } } as const;

const VARS = {
  JOB_RETRY_SECONDS: "10",
  JOB_WATCHDOG_SECONDS: "1800",
  JOB_RETENTION_SECONDS: "2592000",
  WEBHOOK_SCHEDULE_SECONDS: "0,5,300",
  SIGNED_URLS: "off",
  WEBHOOK_KEYS: `whsec_${"A".repeat(32)}`,
};

/** An object whose sends to the queue stay pending until `sends` resolves or rejects them. */
function startObject() {
  const kept = new Map<string, unknown>();
  let alarm = 0;
  const storage = {
    kv: { get: (key: string) => kept.get(key), put: (key: string, value: unknown) => void kept.set(key, value) },
    setAlarm: async (at: number) => {
      alarm = at;
    },
    deleteAll: async () => kept.clear(),
  };
  const sends: { resolve: () => void; reject: (cause: Error) => void }[] = [];
  const send = () => new Promise<void>((resolve, reject) => sends.push({ resolve, reject }));
  const results = {
    put: vi.fn(async (_key: string) => {}),
    delete: vi.fn(async () => {}),
    head: vi.fn(async (): Promise<object | null> => ({})),
  };
  const restart = (vars: Readonly<Record<string, string>>) => {
    const env = { ...vars, RESULTS: results, JOB_QUEUE: { send } };
    return Reflect.construct(JobObject, [{ storage }, env]) as InstanceType<typeof JobObject>;
  };
  return { job: restart(VARS), restart, sends, results, alarmInMs: () => alarm - Date.now() };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A job that has ended while its alarm still waits for the queue to take the message. */
async function endedWhileSending(end: JobEnd) {
  const { job, ...object } = startObject();
  await job.create("1", REQUEST);
  const alarm = job.alarm();
  await job.begin(1);
  await job.settle(1, end);
  return { job, alarm, ...object };
}

/** A job that has ended and whose receiver has not been told yet. */
async function endedToTell(end: JobEnd, callback = "https://example.com/") {
  const { job, ...object } = startObject();
  await job.create("1", { ...REQUEST, callback });
  await job.begin(1);
  await job.settle(1, end);
  return { job, ...object };
}

it("keeps a job for its time that was done while its message seemed to be lost", async () => {
  const { job, alarm, sends, alarmInMs } = await endedWhileSending(DONE);
  sends[0]?.reject(new Error("The queue took it and did not say so"));
  await alarm;
  vi.advanceTimersByTime(alarmInMs());
  await job.alarm();
  expect(await job.read()).toMatchObject({ state: "done" });
  expect(alarmInMs()).toBeGreaterThan(29 * DAY);
  vi.advanceTimersByTime(alarmInMs());
  await job.alarm();
  expect(await job.read()).toBeUndefined();
});

it("puts a job into the queue again half an hour later, where its message may be lost", async () => {
  const { job, sends, alarmInMs } = startObject();
  await job.create("1", REQUEST);
  const alarm = job.alarm();
  sends[0]?.resolve();
  await alarm;
  expect(alarmInMs()).toBe(1800 * SECOND);
  vi.advanceTimersByTime(alarmInMs());
  void job.alarm();
  expect(sends).toHaveLength(2);
});

it("puts a run into the queue at once that began while the last one's message was on its way", async () => {
  const { job, alarm, sends, alarmInMs } = await endedWhileSending(FAILED);
  await job.replay();
  sends[0]?.resolve();
  await alarm;
  expect(alarmInMs()).toBeLessThanOrEqual(0);
  void job.alarm();
  expect(sends).toHaveLength(2);
});

it.each([
  ["whose webhook is sent again", DONE, { state: "done", delivery: { state: "pending" } }],
  ["that starts anew", FAILED, { state: "queued", run: 2 }],
])("keeps a job %s at the moment it would have been forgotten", async (_, end, job) => {
  vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response(null, { status: 410 }));
  const { job: object, results, alarmInMs } = await endedToTell(end);
  await object.alarm();
  vi.advanceTimersByTime(alarmInMs());
  const forgetting = object.alarm();
  expect(results.delete).toHaveBeenCalledExactlyOnceWith(["failed/1", "dead/1", "undelivered/1"]);
  expect(await object.replay()).toMatchObject({ isReplayed: true });
  await forgetting;
  expect(await object.read()).toMatchObject(job);
});

it("starts a job anew once, whose result is gone, where two replay it at the same time", async () => {
  const { job, results } = startObject();
  results.head.mockResolvedValue(null);
  await job.create("1", REQUEST);
  await job.begin(1);
  await job.settle(1, DONE);
  await Promise.all([job.replay(), job.replay()]);
  expect(await job.read()).toMatchObject({ state: "queued", run: 2 });
});

it("starts a job anew whose receiver is still being told of the last run's failure", async () => {
  let answer = (_: Response) => {};
  vi.spyOn(globalThis, "fetch").mockReturnValue(new Promise((resolve) => (answer = resolve)));
  const { job, sends, alarmInMs } = await endedToTell(FAILED);
  const telling = job.alarm();
  await vi.waitFor(() => expect(fetch).toHaveBeenCalledOnce());
  await job.replay();
  answer(new Response(null, { status: 204 }));
  await telling;
  expect(await job.read()).toMatchObject({ state: "queued", run: 2 });
  expect(alarmInMs()).toBeLessThanOrEqual(0);
  void job.alarm();
  expect(sends).toHaveLength(1);
});

it("ends once: what comes later changes nothing and is listed nowhere", async () => {
  const { job, results } = startObject();
  await job.create("1", REQUEST);
  await job.begin(1);
  // This end is not listed yet when the next one comes.
  const failing = job.settle(1, FAILED);
  await job.settle(1, DONE);
  await failing;
  expect(await job.read()).toMatchObject(DONE);
  results.put.mockClear();
  await job.settle(1, { state: "dead" });
  expect(await job.read()).toMatchObject(DONE);
  expect(results.put).not.toHaveBeenCalled();
});

it.each([
  ["is answered", (_: () => void, answer: () => void) => answer()],
  ["is there, but not answered yet", (remove: () => void) => remove()],
])("lists a job that fails again while the entry of its last failure goes, and its own %s", async (_, first) => {
  const { job, results } = startObject();
  const listed = new Set<string>();
  results.put.mockImplementation(async (key) => void listed.add(key));
  await job.create("1", REQUEST);
  await job.begin(1);
  await job.settle(1, FAILED);
  let remove = () => {};
  results.delete.mockReturnValue(
    new Promise((resolve) => {
      remove = () => {
        listed.clear();
        remove = () => {};
        resolve();
      };
    }),
  );
  const replaying = job.replay();
  await vi.waitFor(() => expect(results.delete).toHaveBeenCalledOnce());
  await job.begin(2);
  let answer = () => {};
  results.put.mockImplementationOnce((key) => {
    listed.add(key);
    return new Promise((resolve) => (answer = resolve));
  });
  const failing = job.settle(2, FAILED);
  first(remove, answer);
  await vi.advanceTimersByTimeAsync(0);
  answer();
  await failing;
  remove();
  await replaying;
  expect(await job.read()).toMatchObject({ state: "failed", run: 2 });
  expect([...listed]).toEqual(["failed/1"]);
});

it("lists a job whose webhook nobody took before it says so itself, until the webhook is sent again", async () => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response(null, { status: 500 }));
  const { job, results, alarmInMs } = await endedToTell(DONE);
  for (let attempt = 1; attempt < 3; attempt++) {
    await job.alarm();
    vi.advanceTimersByTime(alarmInMs());
  }
  expect(results.put).not.toHaveBeenCalled();
  results.put.mockRejectedValueOnce(new Error("The bucket cannot be reached"));
  await job.alarm();
  expect(await job.read()).toMatchObject({ delivery: { state: "pending", attempts: 2 } });
  expect(alarmInMs()).toBe(30 * SECOND);
  await job.alarm();
  expect(results.put).toHaveBeenLastCalledWith("undelivered/1", "");
  expect(await job.read()).toMatchObject({ delivery: { state: "exhausted" } });
  await job.replay();
  expect(results.delete).toHaveBeenCalledExactlyOnceWith(["failed/1", "dead/1", "undelivered/1"]);
  expect(results.put).toHaveBeenCalledTimes(2);
});

it("sends no webhook that no key signs, and the same one once there is a key again", async () => {
  const cancel = vi.fn();
  const answer = new Response(new ReadableStream({ cancel }), { status: 200 });
  const fetch = vi.spyOn(globalThis, "fetch").mockResolvedValue(answer);
  const { restart, alarmInMs } = await endedToTell(DONE);
  const { WEBHOOK_KEYS, ...keyless } = VARS;
  const without = restart(keyless);
  await without.alarm();
  expect(fetch).not.toHaveBeenCalled();
  expect(await without.read()).toMatchObject({ delivery: { state: "pending", attempts: 1 } });
  vi.advanceTimersByTime(alarmInMs());
  const again = restart({ ...keyless, WEBHOOK_KEYS });
  await again.alarm();
  const headers = expect.objectContaining({ "Content-Type": "application/json", "User-Agent": "ssiu-edge" });
  const sent = expect.objectContaining({ method: "POST", redirect: "manual", headers });
  expect(fetch).toHaveBeenCalledExactlyOnceWith("https://example.com/", sent);
  // The body is cancelled unread, which frees the connection.
  expect(cancel).toHaveBeenCalledOnce();
  expect(await again.read()).toMatchObject({ delivery: { state: "delivered" } });
});

it("logs why a webhook has not arrived, under the job's id and without what may be a secret of the receiver's", async () => {
  const fetch = vi.spyOn(globalThis, "fetch");
  fetch.mockResolvedValueOnce(new Response(null, { status: 302 })).mockRejectedValueOnce(new Error("refused"));
  fetch.mockResolvedValueOnce(new Response(null, { status: 204 }));
  const { job, alarmInMs } = await endedToTell(DONE, "https://example.com/hooks/secret?token=secret");
  for (let attempt = 0; attempt < 3; attempt++) {
    await job.alarm();
    vi.advanceTimersByTime(alarmInMs());
  }
  const lines = vi.mocked(console.error).mock.calls.map(([line]) => JSON.parse(line));
  const line = { requestId: "1", code: "webhook_failed" };
  expect(lines).toEqual([
    { ...line, message: "Expected 2xx of example.com for webhook, got 302" },
    {
      ...line,
      message: "Expected an answer of example.com for webhook, got none",
      cause: expect.stringContaining("refused"),
    },
  ]);
});

it("tells of another job by another name, though it has the key of one that has been forgotten", async () => {
  const fetch = vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response(null, { status: 204 }));
  const { job, alarmInMs } = startObject();
  for (const source of ["a.png", "b.png"]) {
    await job.create("1", { ...REQUEST, source, callback: "https://example.com/" });
    await job.begin(1);
    await job.settle(1, DONE);
    await job.alarm();
    vi.advanceTimersByTime(alarmInMs());
    await job.alarm();
    expect(await job.read()).toBeUndefined();
  }
  const [first, second] = fetch.mock.calls.map(([, init]) => new Headers(init?.headers).get("webhook-id"));
  expect(second).not.toBe(first);
  expect(first).toMatch(/^msg_1_\d+_1$/);
});

it("tries again in half a minute, and sends nothing, where a setting is wrong: the platform would give its alarm up", async () => {
  const { job, restart, sends, alarmInMs } = startObject();
  await job.create("1", REQUEST);
  const broken = restart({ ...VARS, SIGNED_URLS: "all" });
  for (let i = 0; i < 7; i++) {
    await broken.alarm();
    expect(alarmInMs()).toBe(30 * SECOND);
    vi.advanceTimersByTime(alarmInMs());
  }
  expect(sends).toHaveLength(0);
  void restart(VARS).alarm();
  expect(sends).toHaveLength(1);
});
