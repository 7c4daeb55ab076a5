import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import type { Ops } from "../../../../src/engine/ops.ts";

/** The kernels' builds, which must give the same results. */
export const BUILDS = ["ssiu-simd128", "ssiu-relaxed"] as const;

// Node 20 has relaxed SIMD only behind a flag, and its baseline compiler computes the dot product wrongly.
if (process.version.startsWith("v20.")) setFlagsFromString("--experimental-wasm-relaxed-simd --no-liftoff");

/** One build of the kernels, working on `memory`. */
export function loadKernels(build: (typeof BUILDS)[number], memory: WebAssembly.Memory): Ops {
  const bytes = readFileSync(new URL(`../../../../src/engine/kernels/build/${build}.wasm`, import.meta.url));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  // The build exports one function for each operation, see src/engine/kernels/index.ts.
  return exports as unknown as Ops;
}
