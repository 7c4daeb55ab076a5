import { expect, it } from "vitest";
import { unstable_getMiniflareWorkerOptions as workerOptions } from "wrangler";

const names = (environment?: string) => {
  const { bindings, r2Buckets, durableObjects, queueProducers, ratelimits } = workerOptions(
    "wrangler.toml",
    environment,
  ).workerOptions;
  return Object.entries({ bindings, r2Buckets, durableObjects, queueProducers, ratelimits }).map(([kind, byName]) => [
    kind,
    Object.keys(byName ?? {}).toSorted(),
  ]);
};

it("gives the environment ort every variable and binding there is: it inherits none", () => {
  expect(names()).not.toContainEqual(["ratelimits", []]);
  expect(names("ort")).toEqual(names());
});
