import { ServiceError } from "../core/errors.ts";

/** Room for so much at the same time in the isolate. */
export interface Gate {
  /** @throws {ServiceError} `overloaded` after waiting in vain. */
  enter(size: number): Promise<Pass>;
}

/** Somebody's place inside. */
export interface Pass {
  /**
   * Waits as at the entrance, unless everybody else came later: two who both need more would wait for each other.
   *
   * @throws {ServiceError} `overloaded`
   */
  grow(size: number): Promise<void>;
  /** Still here: to be called more often than every {@link GONE_MS}. */
  seen(): void;
  leave(): void;
}

export interface GateOptions {
  readonly room: number;
  /** Milliseconds. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Longest that anyone waits. */
  readonly waitMs: number;
}

const POLL_MS = 20;
/** Longer than the slowest codec takes: who has not been heard of for so long is gone. */
export const GONE_MS = 15_000;

/**
 * Polled and not a queue of promises: a request whose client has left stops wherever it is, and whoever waits for its
 * promise waits for ever.
 */
export function createGate({ room, now, sleep, waitMs }: GateOptions): Gate {
  const inside = new Map<Pass, { size: number; seenAt: number }>();

  function taken(): number {
    let sum = 0;
    for (const [pass, { size, seenAt }] of inside) {
      if (now() < seenAt + GONE_MS) sum += size;
      else inside.delete(pass);
    }
    return sum;
  }

  return {
    async enter(size) {
      const place = { size: 0, seenAt: now() };
      const pass: Pass = {
        async grow(more) {
          const endAt = now() + waitMs;
          while (taken() + more > room && inside.keys().next().value !== pass) {
            if (now() >= endAt) {
              throw new ServiceError("overloaded", `Other pictures take longer than ${waitMs} ms here`);
            }
            await sleep(POLL_MS);
          }
          place.size += more;
          pass.seen();
          inside.set(pass, place);
        },
        seen() {
          place.seenAt = now();
        },
        leave() {
          inside.delete(pass);
        },
      };
      await pass.grow(size);
      return pass;
    },
  };
}
