import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Miniflare, type ModuleDefinition, type WorkerOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions as workerOptions } from "wrangler";

const MODULE_TYPES = { ".js": "ESModule", ".wasm": "CompiledWasm", ".safetensors": "Data" } as const;

export interface BuildOptions {
  /** A wrangler.toml. */
  readonly config: string;
  /** One of its environments; the one without a name if absent. */
  readonly environment?: string | undefined;
}

/** Writes a Worker into `folder` as `wrangler deploy` would upload it. */
export async function buildWorker(folder: string, { config, environment = "" }: BuildOptions): Promise<void> {
  const options = ["--dry-run", "--outdir", folder, "--config", config, "--env", environment];
  await promisify(execFile)("npx", ["wrangler", "deploy", ...options], {
    env: { ...process.env, WRANGLER_SEND_METRICS: "false" },
  });
}

export interface StartOptions extends BuildOptions {
  /** Replace those of the config. */
  readonly vars?: Readonly<Record<string, string>> | undefined;
  /** A folder that keeps buckets and Durable Objects; without it they begin empty. */
  readonly persist?: string | undefined;
  /** Replaces anything else of the config. */
  readonly options?: Partial<WorkerOptions> | undefined;
}

/** Starts what {@link buildWorker} wrote in a workerd of its own. */
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
    // Miniflare starts with the first module.
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
