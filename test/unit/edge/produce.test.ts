import { expect, it, vi } from "vitest";
import { ServiceError } from "../../../src/core/errors.ts";
import type { Outcome } from "../../../src/edge/lease.ts";
import type { Leases } from "../../../src/edge/leases.ts";
import type { Located, Pipeline } from "../../../src/edge/pipeline.ts";
import { createProduceOnce } from "../../../src/edge/produce.ts";
import { createStopwatch } from "../../../src/service/stopwatch.ts";

// Mainly failures of the store, which a real one does not show on demand. test/edge/lease.test.ts tests the rest in workerd.

const FACTS = { format: "png", engine: "fake", model: "fake-x2", sourceWidth: 1, sourceHeight: 1 } as const;
const BYTES = Uint8Array.of(1);
const SOURCE = { version: "1", read: async () => Uint8Array.of(0) };
const LOCATED = { key: { path: "r1/a", etag: '"a"' }, source: SOURCE } as unknown as Located;

const pipeline = {
  inspect: async () => ({ facts: { ...FACTS, model: undefined } }),
  render: async () => ({ bytes: BYTES, model: FACTS.model }),
} as unknown as Pipeline;

/** Leases that record how turns end. */
function leases(): Leases & { readonly ends: (Outcome | undefined)[] } {
  const ends: (Outcome | undefined)[] = [];
  const turn = { end: async (outcome?: Outcome) => void ends.push(outcome) };
  return { ends, enter: async () => turn };
}

const options = () => ({ stopwatch: createStopwatch(() => 0), requestId: "1" });

it("stores the bytes that were made, and by which model", async () => {
  const put = vi.fn(async () => true);
  const results = { head: async () => undefined, get: async () => undefined, put };
  const product = await createProduceOnce({ pipeline, results, leases: leases() })(LOCATED, options());
  expect(product).toMatchObject({ bytes: BYTES, facts: FACTS });
  expect(put).toHaveBeenCalledExactlyOnceWith("r1/a", BYTES, FACTS);
});

it("tells those who wait that there is a result only once it is stored", async () => {
  const noted = leases();
  let stored = () => {};
  const put = () =>
    new Promise<boolean>((resolve) => {
      stored = () => resolve(true);
    });
  const results = { head: async () => undefined, get: async () => undefined, put };
  const product = await createProduceOnce({ pipeline, results, leases: noted })(LOCATED, options());
  expect(noted.ends).toEqual([]);
  stored();
  await product?.stored;
  expect(noted.ends).toEqual([{ state: "done" }]);
});

it("has a result that is stored also where its source's version could not be noted", async () => {
  const noted = leases();
  const results = { head: async () => undefined, get: async () => undefined, put: async () => true };
  const source = { ...SOURCE, onStored: () => Promise.reject(new Error("no space")) };
  const product = await createProduceOnce({ pipeline, results, leases: noted })({ ...LOCATED, source }, options());
  expect(await product?.stored).toBe(true);
  expect(noted.ends).toEqual([{ state: "done" }]);
});

it("lets the next one try when the result could not be stored", async () => {
  const noted = leases();
  const put = () => Promise.reject(new Error("no space"));
  const results = { head: async () => undefined, get: async () => undefined, put };
  const product = await createProduceOnce({ pipeline, results, leases: noted })(LOCATED, options());
  await expect(product?.stored).rejects.toThrow("no space");
  expect(noted.ends).toEqual([undefined]);
});

it("keeps to what came of the work when the lease has gone", async () => {
  const gone = async () => {
    throw new Error("Durable Object reset because its code was updated.");
  };
  const deps = {
    pipeline,
    results: { head: async () => undefined, get: async () => undefined, put: async () => true },
    leases: { enter: async () => ({ end: gone }) },
  };
  expect(await (await createProduceOnce(deps)(LOCATED, options()))?.stored).toBe(true);
  const full = { ...deps.results, put: () => Promise.reject(new Error("no space")) };
  const lost = await createProduceOnce({ ...deps, results: full })(LOCATED, options());
  await expect(lost?.stored).rejects.toThrow("no space");
  const there = { ...deps.results, head: async () => ({ facts: FACTS }) };
  expect(await createProduceOnce({ ...deps, results: there })(LOCATED, options())).toBeUndefined();
  const refusing = { ...pipeline, inspect: () => Promise.reject(new ServiceError("unsupported_format", "HTML")) };
  const refused = createProduceOnce({ ...deps, pipeline: refusing })(LOCATED, options());
  await expect(refused).rejects.toMatchObject({ code: "unsupported_format" });
});

const DETAIL = { limit: 1, actual: 2, unit: "pixels" };

it.each<[string, Error, Outcome | undefined]>([
  [
    "what the picture is to blame for",
    new ServiceError("image_too_large", "why", { detail: DETAIL }),
    { state: "failed", code: "image_too_large", message: "why", detail: DETAIL },
  ],
  ["nothing, where one of them has had its share", new ServiceError("too_many_requests", "why"), undefined],
  ["nothing, where the source's server answer the next time", new ServiceError("source_failed", "why"), undefined],
  ["nothing, where the mistake is ours", new RangeError("why"), undefined],
])("tells those who wait: %s", async (_, failure, outcome) => {
  const noted = leases();
  const results = { head: async () => undefined, get: async () => undefined, put: async () => true };
  const admit = () => Promise.reject(failure);
  const refused = createProduceOnce({ pipeline, results, leases: noted })(LOCATED, { ...options(), admit });
  await expect(refused).rejects.toBe(failure);
  expect(noted.ends).toEqual([outcome]);
});

it("computes nothing when the result was stored while it waited for its turn", async () => {
  const noted = leases();
  const results = { head: async () => ({ facts: FACTS }), get: async () => undefined, put: async () => true };
  expect(await createProduceOnce({ pipeline, results, leases: noted })(LOCATED, options())).toBeUndefined();
  expect(noted.ends).toEqual([{ state: "done" }]);
});
