import { beforeEach, expect, it, vi } from "vitest";
import { ServiceError } from "../../../src/core/errors.ts";
import { type ConsumerDeps, createConsumer } from "../../../src/edge/jobs/consumer.ts";
import type { Product } from "../../../src/edge/produce.ts";

// Failures of the store, the object and the queue, which real ones do not show on demand. test/edge tests the rest in workerd.

const HOUR_SECONDS = 3600;

/** A consumer with one message of one job, and spies that show what becomes of both. */
function setUp({
  product,
  settle = async () => {},
  postpone = async () => {},
  queue = "ssiu-jobs",
  body = { job: "1", run: 1 },
}: {
  product: ConsumerDeps["produceOnce"];
  settle?: () => Promise<void>;
  postpone?: () => Promise<void>;
  queue?: string;
  body?: object;
}) {
  const job = { begin: async () => ({ source: "a.png", ops: "x2" }), settle: vi.fn(settle), postpone: vi.fn(postpone) };
  const message = { id: "message", body, attempts: 1, ack: vi.fn(), retry: vi.fn() };
  const release = vi.fn();
  const located = { source: {}, key: { path: "r1/a", etag: '"a"' }, [Symbol.dispose]: release };
  // Fakes of only what is used.
  const deps = {
    config: { retryMs: 10_000, signing: { mode: "off" } },
    jobs: { getByName: () => job },
    pipeline: { locate: async () => located },
    produceOnce: product,
    urlLength: 100,
    now: () => 0,
  } as unknown as ConsumerDeps;
  const consume = (config: Partial<ConsumerDeps["config"]> = {}) => {
    const batch = { queue, messages: [message] } as unknown as MessageBatch;
    return createConsumer({ ...deps, config: { ...deps.config, ...config } })(batch);
  };
  return { job, message, release, consume };
}

const made = (store: () => Promise<boolean>) => async () => ({ stored: store() }) as Product;
const noSpace = made(() => Promise.reject(new Error("no space")));
const refused = () => Promise.reject(new ServiceError("unsupported_format", "HTML"));

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(console, "info").mockImplementation(() => {});
  return () => vi.restoreAllMocks();
});

it("ends a job only once its result is stored, and then lets go of its source", async () => {
  let store = (_: boolean) => {};
  const stored = new Promise<boolean>((resolve) => {
    store = resolve;
  });
  const { job, message, release, consume } = setUp({ product: made(() => stored) });
  const consumed = consume();
  await new Promise((resolve) => setTimeout(resolve));
  expect(job.settle).not.toHaveBeenCalled();
  expect(message.ack).not.toHaveBeenCalled();
  store(true);
  await consumed;
  const result = { key: "r1/a", etag: '"a"', computed: true };
  expect(job.settle).toHaveBeenCalledExactlyOnceWith(1, { state: "done", result });
  expect(message.ack).toHaveBeenCalledOnce();
  expect(release).toHaveBeenCalledOnce();
});

it("tries again where the result could not be stored", async () => {
  const { job, message, release, consume } = setUp({ product: noSpace });
  await consume();
  expect(job.settle).not.toHaveBeenCalled();
  expect(job.postpone).toHaveBeenCalledExactlyOnceWith(1, expect.objectContaining({ code: "internal" }));
  expect([message.ack.mock.calls, message.retry.mock.calls.length]).toEqual([[], 1]);
  expect(release).toHaveBeenCalledOnce();
});

it("logs a failure, here and at the origin, under the id of the job, which is all that its client knows", async () => {
  const product = vi.fn<ConsumerDeps["produceOnce"]>(() => Promise.reject(new Error("out of memory")));
  const { consume } = setUp({ product });
  await consume();
  expect(console.error).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/"requestId":"1".*out of memory/));
  expect(product).toHaveBeenCalledExactlyOnceWith(expect.anything(), expect.objectContaining({ requestId: "1" }));
});

it("logs why an attempt failed also where that could not be noted", async () => {
  const { message, consume } = setUp({ product: noSpace, postpone: () => Promise.reject(new Error("reset")) });
  await consume();
  const lines = vi.mocked(console.error).mock.calls.flat();
  expect(lines).toEqual([expect.stringContaining("Error: reset"), expect.stringContaining("Error: no space")]);
  expect(message.retry).toHaveBeenCalledOnce();
});

it("tries again where the end of a job could not be noted", async () => {
  const settle = () => Promise.reject(new Error("The object was reset"));
  const { message, consume } = setUp({ product: refused, settle });
  await consume();
  expect([message.ack.mock.calls, message.retry.mock.calls.length]).toEqual([[], 1]);
});

it.each(["ssiu-jobs", "ssiu-jobs-dead", "ssiu-uploads"])(
  "drops what is no message of %s: it would be none the next time",
  async (queue) => {
    const { message, consume } = setUp({ product: refused, queue, body: {} });
    await consume();
    expect([message.ack.mock.calls.length, message.retry.mock.calls]).toEqual([1, []]);
  },
);

it("comes back within about an hour, however long the delays have grown: the platform takes no more than twelve", async () => {
  const { message, consume } = setUp({ product: noSpace });
  await consume({ retryMs: 13 * HOUR_SECONDS * 1000 });
  const [{ delaySeconds }] = message.retry.mock.calls[0] as [{ delaySeconds: number }];
  expect(delaySeconds).toBeGreaterThanOrEqual(HOUR_SECONDS);
  expect(delaySeconds).toBeLessThanOrEqual(1.2 * HOUR_SECONDS);
});

it("has a job wait for its turn for longer than anybody waits for a picture", async () => {
  const product = vi.fn(made(async () => true));
  await setUp({ product }).consume();
  expect(product).toHaveBeenCalledWith(expect.anything(), expect.objectContaining({ waitMs: 300_000 }));
});
