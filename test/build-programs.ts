import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import type { TestProject } from "vitest/node";

const ENTRY_POINTS = [
  "src/cli/main.ts",
  "src/cli/engine-worker.ts",
  "src/origin/main.ts",
  "src/origin/engine-worker.ts",
  "src/origin/pixel-worker.ts",
  "scripts/start.ts",
];

const LOAD_THEIR_OWN_FILES = ["onnxruntime-node", "onnxruntime-web", "piscina", "sharp"];

/** Builds the programs once for all tests, because tsx costs a second of CPU time per process and per thread. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  // The other projects inherit this setup and use what the root project has built.
  if (!project.isRootProject()) return undefined;
  // Node resolves packages from here.
  const cache = resolve("node_modules/.cache");
  await mkdir(cache, { recursive: true });
  const outdir = await mkdtemp(join(cache, "ssiu-edge-"));
  await build({
    ...{ entryPoints: ENTRY_POINTS, outdir, outbase: ".", outExtension: { ".js": ".mjs" } },
    ...{ bundle: true, splitting: true, platform: "node", format: "esm", logLevel: "warning" },
    external: LOAD_THEIR_OWN_FILES,
    // CommonJS packages need it.
    banner: { js: 'import { createRequire as from } from "node:module"; const require = from(import.meta.url);' },
    plugins: [inPlace(outdir)],
  });
  process.env.SSIU_PROGRAMS = outdir;
  return () => rm(outdir, { recursive: true });
}

/** Makes the built code look for files beside the sources, and for its threads among the built files. */
function inPlace(outdir: string): Plugin {
  return {
    name: "in-place",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, "utf8");
        const built = pathToFileURL(join(outdir, relative(".", dirname(path)), "/"));
        const contents = source
          .replaceAll(/new URL\("([\w-]+)\.ts", import\.meta\.url\)/g, `new URL("$1.mjs", ${JSON.stringify(built)})`)
          .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path)));
        return { contents, loader: "ts" };
      });
    },
  };
}
