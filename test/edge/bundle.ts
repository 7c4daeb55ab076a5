import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { buildWorker } from "../miniflare.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Folder with one subfolder for each environment's bundle. */
    bundles: string;
  }
}

/** The environments of wrangler.toml, the top-level one first. */
const ENVIRONMENTS = [undefined, "ort"];

/** Builds the Worker once for all tests, which thus run what is deployed. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const bundles = await mkdtemp(join(tmpdir(), "ssiu-edge-"));
  // Miniflare does not wait until its folders are removed, so outside of this folder the last one would stay behind.
  process.env.TMPDIR = bundles;
  for (const environment of ENVIRONMENTS) {
    await buildWorker(join(bundles, environment ?? "default"), { config: "wrangler.toml", environment });
  }
  project.provide("bundles", bundles);
  return () => rm(bundles, { recursive: true });
}
