import { expect, it } from "vitest";
import { unstable_getMiniflareWorkerOptions as workerOptions } from "wrangler";
import * as z from "zod";

/** Consumers by queue, with delays in seconds. */
const Consumers = z.record(z.string(), z.object({ maxRetries: z.number(), retryDelay: z.number().default(0) }));

const names = (environment?: string) => {
  const { r2Buckets, durableObjects, queueProducers, ratelimits } = workerOptions(
    "wrangler.toml",
    environment,
  ).workerOptions;
  return Object.entries({ r2Buckets, durableObjects, queueProducers, ratelimits }).map(([kind, byName]) => [
    kind,
    Object.keys(byName ?? {}).toSorted(),
  ]);
};

it("gives the environment ort every binding there is: it inherits none", () => {
  expect(names()).not.toContainEqual(["ratelimits", []]);
  expect(names("ort")).toEqual(names());
});

it.each([
  [undefined, ""],
  ["ort", "-ort"],
])("brings a message again for so long where the Worker cannot even begin: environment %s", (environment, suffix) => {
  const consumers = Consumers.parse(workerOptions("wrangler.toml", environment).workerOptions.queueConsumers);
  const seconds = Object.entries(consumers).map(([queue, { maxRetries, retryDelay }]) => [
    queue,
    maxRetries * retryDelay,
  ]);
  expect(Object.fromEntries(seconds)).toEqual({
    [`ssiu-jobs${suffix}`]: 5 * 60,
    [`ssiu-jobs-dead${suffix}`]: 100 * 300,
    [`ssiu-uploads${suffix}`]: 100 * 300,
  });
});
