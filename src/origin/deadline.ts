import { ServiceError } from "../core/errors.ts";

/** How long a request is worth working for. */
export interface Deadline {
  /** When the time is up, on the clock of `startedMs`. */
  readonly dueMs: number;
  /** Aborted with a ServiceError when the time is up or the client has gone. */
  readonly signal: AbortSignal;
  /** Resolves with `step`, or rejects with the signal's reason as soon as there is one. */
  race<T>(step: Promise<T>): Promise<T>;
  clear(): void;
}

/** @param client - aborted when the client closes the connection. */
export function createDeadline(ms: number, startedMs: number, client: AbortSignal): Deadline {
  const controller = new AbortController();
  const { signal } = controller;
  const end = (...error: ConstructorParameters<typeof ServiceError>) => controller.abort(new ServiceError(...error));
  const timer = setTimeout(() => end("deadline_exceeded", `Expected ${ms} ms at most for a picture`), ms);
  const onGone = () => end("client_gone", "The client has gone");
  if (client.aborted) onGone();
  client.addEventListener("abort", onGone, { once: true });
  const ended = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  ended.catch(() => {});
  return {
    dueMs: startedMs + ms,
    signal,
    async race(step) {
      // The step may fail when nobody waits for it any more.
      step.catch(() => {});
      signal.throwIfAborted();
      return await Promise.race([step, ended]);
    },
    clear() {
      clearTimeout(timer);
      client.removeEventListener("abort", onGone);
    },
  };
}
