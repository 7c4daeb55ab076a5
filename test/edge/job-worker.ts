import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, vi } from "vitest";
import { SECRET } from "./receiver.ts";
import { startWorker, type TestWorker, type TestWorkerOptions } from "./worker.ts";

export const TOKEN = "a-token-for-tests";

/** Delays of seconds where the deployment has minutes and hours. */
const VARS = {
  JOB_TOKENS: TOKEN,
  JOB_RETRY_SECONDS: "0",
  JOB_WATCHDOG_SECONDS: "600",
  WEBHOOK_SCHEDULE_SECONDS: "0,1,1,1,1,1,1",
  WEBHOOK_KEYS: SECRET,
  SOURCE_WEBHOOK_KEYS: SECRET,
  ALLOW_LOCAL_CALLBACKS: "true",
};

/** A job as the API shows it. */
export interface JobView {
  readonly id: string;
  readonly state: string;
  readonly ops: string;
  readonly createdAt: string;
  readonly attempts: number;
  readonly result?: { url: string; etag: string; computed: boolean };
  readonly error?: { code: string; detail: string };
  readonly webhook?: { state: string; attempts: number; status?: number; nextAt?: string };
}

interface Answer<T> {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly json: T;
}

/** A running Worker, as seen by the clients of its jobs and by the platform that feeds its queues. */
export interface JobWorker extends Pick<TestWorker, "putSource" | "storedKeys" | "stop"> {
  /** Calls the API with a valid token, unless `headers` has another. */
  call<T = JobView>(method: string, path: string, options?: { body?: unknown; headers?: object }): Promise<Answer<T>>;
  /** Creates a job. @returns its id */
  post(job: { source: string; ops: string; callback?: string }, headers?: object): Promise<string>;
  job(id: string): Promise<JobView>;
  /** Waits until the job is in this state. */
  until(id: string, state: string): Promise<JobView>;
  /** The `webhook-id` of the event at the end of a job's run. */
  eventId(id: string, run?: number): Promise<string>;
  /** Puts messages into a queue, as the platform would. */
  send(queue: "JOB_QUEUE" | "UPLOAD_QUEUE", ...messages: unknown[]): Promise<void>;
  /** Removes a result. @returns a function that puts it back */
  takeResult(key: string): Promise<() => Promise<void>>;
  /** Puts garbage in a result's place, so that reading it fails with 500. @returns a function that removes it */
  spoilResult(key: string): Promise<() => Promise<void>>;
  picture(path: string): Promise<{ status: number; cache: string | null }>;
  /** URL at which other processes reach it, without a path. */
  readonly origin: string;
  /** Ends workerd as a power cut would. */
  kill(): Promise<void>;
}

interface JobWorkerOptions extends Pick<TestWorkerOptions, "persist" | "internet"> {
  /** They replace those of wrangler.toml and `VARS`; undefined removes one. */
  readonly vars?: Readonly<Record<string, string | undefined>>;
}

/** Starts the deployed bundle in its own workerd. */
export async function startJobWorker({ vars, ...options }: JobWorkerOptions = {}): Promise<JobWorker> {
  const set = Object.entries({ ...VARS, ...vars }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  const before = await workerdProcesses();
  const { miniflare, putSource, storedKeys, stop } = await startWorker({ vars: Object.fromEntries(set), ...options });
  const bucket = await miniflare.getR2Bucket("RESULTS");
  const queues = {
    JOB_QUEUE: await miniflare.getQueueProducer("JOB_QUEUE"),
    UPLOAD_QUEUE: await miniflare.getQueueProducer("UPLOAD_QUEUE"),
  };

  const processes = (await workerdProcesses()).filter((pid) => !before.includes(pid));

  const worker: JobWorker = {
    async call<T>(method: string, path: string, { body, headers }: { body?: unknown; headers?: object } = {}) {
      const response = await miniflare.dispatchFetch(`http://localhost${path}`, {
        method,
        headers: { Authorization: `Bearer ${TOKEN}`, ...headers },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, json: (text ? JSON.parse(text) : undefined) as T };
    },
    async post(body, headers = {}) {
      const { status, json } = await worker.call("POST", "/v1/jobs", { body, headers });
      expect(status).toBe(202);
      return json.id;
    },
    job: async (id) => (await worker.call("GET", `/v1/jobs/${id}`)).json,
    async until(id, state) {
      await vi.waitFor(async () => expect((await worker.job(id)).state).toBe(state), {
        timeout: 60_000,
        interval: 100,
      });
      return await worker.job(id);
    },
    eventId: async (id, run = 1) => `msg_${id}_${Date.parse((await worker.job(id)).createdAt)}_${run}`,
    async send(queue, ...messages) {
      await queues[queue].sendBatch(messages.map((body) => ({ body, contentType: "json" as const })));
    },
    putSource,
    storedKeys,
    async takeResult(key) {
      const object = await bucket.get(key);
      if (object === null) throw new TypeError(`Expected a result for ${key}`);
      const bytes = await object.arrayBuffer();
      const { httpMetadata = {}, customMetadata = {} } = object;
      await bucket.delete(key);
      return async () => {
        await bucket.put(key, bytes, { httpMetadata, customMetadata });
      };
    },
    async spoilResult(key) {
      await bucket.put(key, "no result");
      return () => bucket.delete(key);
    },
    async picture(path) {
      const response = await miniflare.dispatchFetch(`http://localhost${path}`);
      await response.arrayBuffer();
      return { status: response.status, cache: response.headers.get("Cache-Status") };
    },
    origin: (await miniflare.ready).origin,
    stop,
    async kill() {
      for (const pid of processes) process.kill(pid, "SIGKILL");
      await stop();
    },
  };
  return worker;
}

/** Ids of the workerd processes that this process has started. */
async function workerdProcesses(): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,comm="]);
  return stdout.split("\n").flatMap((line) => {
    const [pid, parent, command] = line.trim().split(/\s+/);
    return Number(parent) === process.pid && command?.endsWith("workerd") ? [Number(pid)] : [];
  });
}
