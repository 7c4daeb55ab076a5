import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { buildWorker } from "../miniflare.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Folder that holds a folder for each environment's bundle. */
    bundles: string;
  }
}

/** The environments of wrangler.toml, the one without a name first. */
const ENVIRONMENTS = [undefined, "ort"];

/** Builds the Worker once for all tests: what they run is what is deployed. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const bundles = await mkdtemp(join(tmpdir(), "ssiu-edge-"));
  // Miniflare does not wait until its folders are removed, and the last one's would stay.
  process.env.TMPDIR = bundles;
  for (const environment of ENVIRONMENTS) {
    await buildWorker(join(bundles, environment ?? "default"), { config: "wrangler.toml", environment });
  }
  project.provide("bundles", bundles);
  return () => rm(bundles, { recursive: true });
}
