import { realpath } from "node:fs/promises";
import { basename } from "node:path";
import { resultName } from "../core/disposition.ts";
import type { Format } from "../core/image.ts";
import { PIPE } from "./options.ts";
import { unwritable } from "./result-file.ts";

/** Where results go. */
export interface Places {
  /** Path of the result of a picture. @throws {Error} where it has none. */
  find(input: string, format: Format): Promise<string>;
  /** Says that a result lies there now. */
  fill(path: string): Promise<void>;
}

/**
 * The place that is named, or places in a folder, under the pictures' names. None is that of one of the pictures, or found
 * once it is filled.
 */
export async function createPlaces(
  inputs: readonly string[],
  { output, isFolder }: { readonly output: string; readonly isFolder: boolean },
): Promise<Places> {
  const real = async (path: string) => (path === PIPE ? undefined : await realpath(path).catch(() => undefined));
  const sources = new Set(await Promise.all(inputs.map(real)));
  const results = new Set<string | undefined>();
  // Not by join, which takes link/../ away, wherever the link leads.
  const within = output.replace(/\/*$/, "/");
  return {
    async find(input, format) {
      const path = isFolder ? within + resultName(basename(input), format) : output;
      const target = await real(path);
      if (target === undefined) return path;
      const refuse = (what: string) => unwritable(path, new Error(`${input} would replace ${what}`));
      if (sources.has(target)) throw refuse("one of the pictures");
      if (results.has(target)) throw refuse("the result of another picture");
      return path;
    },
    async fill(path) {
      results.add(await real(path));
    },
  };
}
