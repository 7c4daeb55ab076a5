import { CommanderError } from "commander";
import * as z from "zod";

/** Says in one line on stderr what went wrong. @returns the exit code: 2 for wrong usage, 1 for any other failure. */
export function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const isUsage = error instanceof z.ZodError;
  const reason = isUsage ? (error.issues[0]?.message ?? "") : reasonOf(error);
  process.stderr.write(`error: ${reason.replaceAll(/\s+/g, " ")}\n`);
  return isUsage ? 2 : 1;
}

/** What went wrong and, if known, why: the messages of an error and its causes. */
export function reasonOf(error: unknown): string {
  // Node's own have no message, only an error for each address of a name.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(reasonOf).join(", ");
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`;
}
