import { ServiceError } from "../core/errors.ts";

/** Lets one picture at a time into the isolate's memory, and other requests in between its tiles. */
export interface Turnstile {
  /**
   * @param work - awaits `pause` now and then.
   * @throws {ServiceError} `overloaded` after waiting in vain.
   */
  run<T>(work: (pause: () => Promise<void>) => Promise<T>): Promise<T>;
}

interface TurnstileOptions {
  /** Milliseconds. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Longest that anyone waits. */
  readonly waitMs: number;
}

const POLL_MS = 20;
/** Longer than the slowest codec takes: who has not been heard of for so long is gone. */
const GONE_MS = 15_000;

/**
 * Polled and not a queue of promises: a request whose client has left stops wherever it is, and whoever waits for its
 * promise waits for ever.
 */
export function createTurnstile({ now, sleep, waitMs }: TurnstileOptions): Turnstile {
  let inside: { seenAt: number } | undefined;
  return {
    async run(work) {
      const endAt = now() + waitMs;
      while (inside !== undefined && now() < inside.seenAt + GONE_MS) {
        if (now() >= endAt) throw new ServiceError("overloaded", `Other pictures take longer than ${waitMs} ms here`);
        await sleep(POLL_MS);
      }
      const self = { seenAt: now() };
      inside = self;
      try {
        return await work(async () => {
          await sleep(0);
          self.seenAt = now();
        });
      } finally {
        if (inside === self) inside = undefined;
      }
    },
  };
}
