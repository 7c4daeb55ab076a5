import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Folder that holds the Worker as `wrangler deploy` would upload it. */
    bundle: string;
  }
}

/** Builds the Worker once for all tests: what they run is what is deployed. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const bundle = await mkdtemp(join(tmpdir(), "ssiu-edge-"));
  await promisify(execFile)("npx", ["wrangler", "deploy", "--dry-run", "--outdir", bundle], {
    env: { ...process.env, WRANGLER_SEND_METRICS: "false" },
  });
  project.provide("bundle", bundle);
  return () => rm(bundle, { recursive: true });
}
