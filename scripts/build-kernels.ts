import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/** Compiles the kernels from one source to both WebAssembly builds. `--check` only compares them with the committed ones. */
const KERNELS = fileURLToPath(new URL("../src/engine/kernels", import.meta.url));

const BUILDS = {
  "ssiu-simd128": ["simd"],
  "ssiu-relaxed": ["simd", "relaxed-simd"],
} as const;

for (const [name, features] of Object.entries(BUILDS)) {
  const file = join(KERNELS, "build", `${name}.wasm`);
  const built = await compile(features);
  if (!process.argv.includes("--check")) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, built);
  } else if (!built.equals(await readFile(file))) {
    console.error(`${file} is not what its source builds: run npx tsx scripts/build-kernels.ts`);
    process.exitCode = 1;
  }
}

/** The caller provides and lays out the memory; the kernels keep their own data in its first 4 kB. */
async function compile(features: readonly string[]): Promise<Buffer> {
  let built: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      "index.ts",
      ...["--baseDir", KERNELS, "--outFile", "kernels.wasm", "-O3"],
      ...["--runtime", "stub", "--noAssert"],
      ...["--importMemory", "--noExportMemory", "--initialMemory", "1", "--maximumMemory", "4096"],
      ...features.flatMap((feature) => ["--enable", feature]),
    ],
    {
      writeFile: (_, contents) => {
        if (contents instanceof Uint8Array) built = contents;
      },
    },
  );
  if (error || !built) throw new Error(`Expected the kernels to compile:\n${stderr}`, { cause: error });
  return Buffer.from(built);
}
