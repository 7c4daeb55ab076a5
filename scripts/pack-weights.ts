import { readdir, readFile, writeFile } from "node:fs/promises";
import { SCALES } from "../src/core/image.ts";
import { readSafetensors, writeSafetensors } from "../src/engine/safetensors.ts";
import { packWeights } from "../src/engine/weights.ts";

/** Packs models/ssiu-x{2,3,4}[-web].safetensors for the SIMD engine; with --check, fails where the committed files are not that. */
const MODELS = new URL("../models/", import.meta.url);
const check = process.argv.includes("--check");

for (const master of await readdir(MODELS)) {
  const scale = SCALES.find((s) => master === `ssiu-x${s}.safetensors` || master === `ssiu-x${s}-web.safetensors`);
  if (scale === undefined) continue;
  const { tensors } = readSafetensors(await readFile(new URL(master, MODELS)));
  const packed = writeSafetensors(packWeights(tensors, scale));
  const name = master.replace(".safetensors", ".int8.safetensors");
  if (!check) {
    await writeFile(new URL(name, MODELS), packed);
    console.log(`models/${name}: ${packed.length} bytes`);
  } else if (!Buffer.from(packed).equals(await readFile(new URL(name, MODELS)))) {
    throw new Error(`models/${name} is not what its master packs to: run npx tsx scripts/pack-weights.ts`);
  }
}
