import { realpath } from "node:fs/promises";
import { basename } from "node:path";
import { resultName } from "../core/disposition.ts";
import type { Format } from "../core/image.ts";
import { PIPE } from "./options.ts";
import { unwritable } from "./result-file.ts";

/** Where results go. */
export interface Places {
  /** Path of a picture's result. @throws {Error} if the result would replace a picture or another result. */
  find(input: string, format: Format): Promise<string>;
  /** Marks a path as taken by a result. */
  fill(path: string): Promise<void>;
}

/**
 * The place that is named, or places in a folder under the pictures' names. A place is never that of one of the pictures,
 * nor given out again once it is filled.
 */
export async function createPlaces(
  inputs: readonly string[],
  { output, isFolder }: { readonly output: string; readonly isFolder: boolean },
): Promise<Places> {
  const real = async (path: string) => (path === PIPE ? undefined : await realpath(path).catch(() => undefined));
  const sources = new Set(await Promise.all(inputs.map(real)));
  const results = new Set<string | undefined>();
  // Not by join, which removes link/../ wherever the link leads.
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
