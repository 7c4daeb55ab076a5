import { readdir } from "node:fs/promises";
import { join, parse } from "node:path";
import { expected, ServiceError } from "../core/errors.ts";
import type { Scale } from "../core/image.ts";

/** One benchmark picture: paths of the truth and of what is to be upscaled. */
export interface Pair {
  readonly name: string;
  readonly hr: string;
  readonly lr: string;
}

/** Where the LR picture of `HR/<stem>.png` lies: our layout, then that of the published training code. */
const LAYOUTS: readonly ((stem: string, scale: Scale) => string)[] = [
  (stem, scale) => `LR_X${scale}/${stem}.png`,
  (stem, scale) => `LR_bicubic/X${scale}/${stem}x${scale}.png`,
];

/**
 * The pictures of `<data>/<set>` or `<data>/benchmark/<set>`, by name.
 *
 * @throws {ServiceError} `source_not_found` if there is no such set, it is empty or an LR picture is missing.
 */
export async function findPairs(data: string, set: string, scale: Scale): Promise<Pair[]> {
  for (const folder of [join(data, set), join(data, "benchmark", set)]) {
    const names = (await list(join(folder, "HR"))).filter((name) => name.endsWith(".png")).sort();
    if (names.length > 0) return await pairUp(folder, names, scale);
  }
  const where = `${set}/HR/*.png or benchmark/${set}/HR/*.png`;
  throw new ServiceError("source_not_found", expected(`a folder with ${where}`, "--data", data));
}

async function pairUp(folder: string, names: readonly string[], scale: Scale): Promise<Pair[]> {
  const stems = names.map((name) => parse(name).name);
  for (const lrOf of LAYOUTS) {
    const present = new Set(await list(join(folder, parse(lrOf("", scale)).dir)));
    if (present.size === 0) continue;
    return stems.map((name) => {
      const lr = lrOf(name, scale);
      if (present.has(parse(lr).base)) return { name, hr: join(folder, "HR", `${name}.png`), lr: join(folder, lr) };
      throw new ServiceError("source_not_found", expected(`${lr} beside HR/${name}.png`, "the set", folder));
    });
  }
  const lrs = LAYOUTS.map((lrOf) => lrOf("<name>", scale)).join(" or ");
  throw new ServiceError("source_not_found", expected(`a folder with ${lrs}`, "the set", folder));
}

async function list(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => []);
}
