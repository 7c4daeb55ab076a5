import { realpath } from "node:fs/promises";
import { basename } from "node:path";
import { resultName } from "../core/disposition.ts";
import type { Format } from "../core/image.ts";
import { unwritable } from "./result-file.ts";

/** Where results go. */
export interface Places {
  /** Path of the result of a picture. @throws {ServiceError} `internal` where it has none. */
  find(input: string, format: Format): Promise<string>;
  /** Says that a result lies there now. */
  fill(path: string): Promise<void>;
}

/** Places in a folder, under the pictures' names. None is that of one of the pictures, or found once it is filled. */
export async function createPlaces(folder: string, inputs: readonly string[]): Promise<Places> {
  const real = async (path: string) => await realpath(path).catch(() => undefined);
  const sources = new Set(await Promise.all(inputs.map(real)));
  const results = new Set<string | undefined>();
  // Not by join, which takes link/../ away, wherever the link leads.
  const within = folder.replace(/\/*$/, "/");
  return {
    async find(input, format) {
      const path = within + resultName(basename(input), format);
      const target = await real(path);
      if (target === undefined) return path;
      if (sources.has(target)) throw unwritable(path, new Error("it is one of the pictures"));
      if (results.has(target)) throw unwritable(path, new Error("it is the result of another picture"));
      return path;
    },
    async fill(path) {
      results.add(await real(path));
    },
  };
}
