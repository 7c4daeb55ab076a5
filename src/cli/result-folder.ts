import { realpath } from "node:fs/promises";
import { basename, join } from "node:path";
import { resultName } from "../core/disposition.ts";
import type { Format } from "../core/image.ts";
import { unwritable } from "./result-file.ts";

/** Path of the result of a picture. @throws {ServiceError} `internal` where it has none. */
export type Place = (input: string, format: Format) => Promise<string>;

/** Places in a folder, under the pictures' names. None is that of one of the pictures, or given twice. */
export async function createPlaces(folder: string, inputs: readonly string[]): Promise<Place> {
  const real = async (path: string) => await realpath(path).catch(() => undefined);
  const sources = new Set(await Promise.all(inputs.map(real)));
  const results = new Set<string>();
  const realFolder = await realpath(folder);
  // Not by join, which takes link/../ away, wherever the link leads.
  const within = folder.replace(/\/*$/, "/");
  return async (input, format) => {
    const name = resultName(basename(input), format);
    const path = within + name;
    const target = (await real(path)) ?? join(realFolder, name);
    if (sources.has(target)) throw unwritable(path, new Error("it is one of the pictures"));
    if (results.has(target)) throw unwritable(path, new Error("it is the result of another picture"));
    results.add(target);
    return path;
  };
}
