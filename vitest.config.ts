import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: "100%",
    silent: "passed-only",
    globalSetup: "test/build-programs.ts",
    projects: [
      { extends: true, test: { name: "unit", include: ["test/unit/**/*.test.ts"] } },
      { extends: true, test: { name: "browser", include: ["test/browser/**/*.test.ts"] } },
      // The origin as a program of its own; one at a time, it fills all cores.
      {
        extends: true,
        test: { name: "origin", include: ["test/origin/**/*.test.ts"], fileParallelism: false },
      },
      // The deployed bundle in workerd, which fills one core at most. Wrangler takes seconds to load: once for several files.
      {
        extends: true,
        test: {
          ...{ name: "edge", include: ["test/edge/**/*.test.ts"] },
          ...{ isolate: false, globalSetup: "test/edge/bundle.ts" },
        },
      },
    ],
  },
});
