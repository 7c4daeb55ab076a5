/** What went wrong and, where that is known, why: the messages of an error and its causes. */
export function reasonOf(error: unknown): string {
  // Has a message of its own in no case of Node's: one error for each address that a name has.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(reasonOf).join(", ");
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`;
}
