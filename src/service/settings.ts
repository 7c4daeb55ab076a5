import * as z from "zod";
import { expected } from "../core/errors.ts";

/** The message of a schema for a variable that is not `what`; `say` words it if the variable is text. */
export function expectingSetting(what: string, say = expected) {
  return ({ input, path }: { readonly input?: unknown; readonly path?: PropertyKey[] | undefined }): string => {
    const name = String(path?.[0]);
    if (input === undefined) return `Expected ${what} for ${name}, got nothing`;
    return typeof input === "string" ? say(what, name, input) : `Expected a string for ${name}, got ${typeof input}`;
  };
}

/** A schema for text that `holds` accepts as `what`. */
export function setting(what: string, holds: (text: string) => boolean) {
  const error = expectingSetting(what);
  return z.string({ error }).refine(holds, { error });
}

export function wholeNumber(least: number, most = 999_999_999_999) {
  const holds = (text: string) => /^\d{1,12}$/.test(text) && Number(text) >= least && Number(text) <= most;
  return setting(`a whole number from ${least} to ${most}`, holds).transform(Number);
}

/** A schema for one of a few names. */
export function oneOf<const T extends readonly string[]>(names: T) {
  return z.enum(names, { error: expectingSetting(`one of ${names.join(", ")}`) });
}

/**
 * A schema for what `parse` makes of a variable.
 *
 * @param parse - throws errors that name the variable and contain no secret.
 */
export function parsedBy<T>(parse: (text: string, name: string) => T, name: string, what = "a string") {
  return z.string({ error: expectingSetting(what) }).transform((text, context) => {
    try {
      return parse(text, name);
    } catch (error) {
      context.addIssue(error instanceof Error ? error.message : `${error}`);
      return z.NEVER;
    }
  });
}

/**
 * Reads all settings of a program. An empty variable counts as not set, because files of variables cannot unset one.
 *
 * @param where - where the variables come from, for error messages.
 * @throws {Error} with a line for each variable that is wrong.
 */
export function parseSettings<T>(schema: z.ZodType<T>, variables: object, where: string): T {
  const parsed = schema.safeParse(Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== "")));
  if (parsed.success) return parsed.data;
  throw new Error([`Invalid ${where}:`, ...parsed.error.issues.map(({ message }) => message)].join("\n"));
}
