import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Miniflare, type ModuleDefinition, type WorkerOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions as workerOptions } from "wrangler";

const MODULE_TYPES = { ".js": "ESModule", ".wasm": "CompiledWasm", ".safetensors": "Data" } as const;

export interface BuildOptions {
  /** Path of a wrangler.toml. */
  readonly config: string;
  /** One of its environments; without it, the top-level one. */
  readonly environment?: string | undefined;
}

/** Writes a Worker into `folder`, as `wrangler deploy` would upload it. */
export async function buildWorker(folder: string, { config, environment = "" }: BuildOptions): Promise<void> {
  const options = ["--dry-run", "--outdir", folder, "--config", config, "--env", environment];
  await promisify(execFile)("npx", ["wrangler", "deploy", ...options], {
    env: { ...process.env, WRANGLER_SEND_METRICS: "false" },
  });
}

export interface StartOptions extends BuildOptions {
  /** They replace those of the config. */
  readonly vars?: Readonly<Record<string, string>> | undefined;
  /** Folder where buckets and Durable Objects persist; without it, they start empty. */
  readonly persist?: string | undefined;
  /** Overrides for any other option of the config. */
  readonly options?: Partial<WorkerOptions> | undefined;
}

/** Starts the output of {@link buildWorker} in its own workerd. */
export async function startBuilt(
  folder: string,
  { config, environment, vars, persist, options: others }: StartOptions,
): Promise<Miniflare> {
  const options = workerOptions(config, environment).workerOptions;
  const modules = (await Promise.all((await readdir(folder)).map((name) => readModule(folder, name)))).flat();
  return new Miniflare({
    ...options,
    ...others,
    bindings: { ...options.bindings, ...vars },
    modulesRoot: folder,
    // Miniflare takes the first module as the entry point.
    modules: modules.sort((a, b) => Number(b.type === "ESModule") - Number(a.type === "ESModule")),
    cf: false,
    ...(persist !== undefined && { defaultPersistRoot: persist }),
  });
}

async function readModule(folder: string, name: string): Promise<ModuleDefinition[]> {
  const [, type] = Object.entries(MODULE_TYPES).find(([extension]) => name.endsWith(extension)) ?? [];
  if (type === undefined) return [];
  return [{ type, path: join(folder, name), contents: await readFile(join(folder, name)) }];
}
