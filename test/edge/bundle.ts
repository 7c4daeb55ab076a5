import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Folder that holds, by environment, the Worker as `wrangler deploy` would upload it. */
    bundles: string;
  }
}

/** The environments of wrangler.toml; the first is the one without a name. */
export type Environment = "default" | "ort";

/** Builds the Worker once for all tests: what they run is what is deployed. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const bundles = await mkdtemp(join(tmpdir(), "ssiu-edge-"));
  for (const environment of ["default", "ort"] satisfies Environment[]) {
    const target = ["--outdir", join(bundles, environment), "--env", environment === "default" ? "" : environment];
    await promisify(execFile)("npx", ["wrangler", "deploy", "--dry-run", ...target], {
      env: { ...process.env, WRANGLER_SEND_METRICS: "false" },
    });
  }
  project.provide("bundles", bundles);
  return () => rm(bundles, { recursive: true });
}
