import { ServiceError } from "../core/errors.ts";

/** Room for so much at the same time in the isolate. */
export interface Gate {
  open(): Guest;
}

/** A request, and what it holds of the room. */
export interface Guest {
  /**
   * Waits until so much, all in all, is held: outside in the order of coming, inside until there is room or everybody else came
   * later, as two who both need more would wait for each other.
   *
   * @param waitMs - longest that it waits, where that is not {@link GateOptions.waitMs}.
   * @throws {ServiceError} `overloaded` after waiting in vain.
   */
  hold(size: number, waitMs?: number): Promise<void>;
  leave(): void;
}

export interface GateOptions {
  readonly room: number;
  /** Milliseconds. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Longest that anyone waits who does not say. */
  readonly waitMs: number;
}

const POLL_MS = 20;
const HEARTBEAT_MS = 250;
/** Who has not been heard of for so long is gone. */
export const GONE_MS = 1000;

/**
 * Polled and not a queue of promises: a request whose client has left stops wherever it is, its heartbeat too, and whoever
 * waits for its promise waits for ever.
 */
export function createGate({ room, now, sleep, waitMs: usualMs }: GateOptions): Gate {
  type Visitor = { held: number };
  /** For how long each has not been heard of, in the order of coming. */
  const outside = new Map<Visitor, number>();
  const inside = new Map<Visitor, number>();
  let polledAt = now();

  function dropSilent(): void {
    // Nobody is heard of while a codec runs, which may take ten seconds: what is longer than a heartbeat counts as one.
    // Less than nothing passes where the clock is set back.
    const sinceMs = now() - polledAt;
    // One of those who wait looks for all.
    if (sinceMs >= 0 && sinceMs < POLL_MS) return;
    const passedMs = Math.max(0, Math.min(sinceMs, HEARTBEAT_MS));
    polledAt += sinceMs;
    for (const visitors of [outside, inside]) {
      for (const [visitor, silentMs] of visitors) {
        if (silentMs + passedMs < GONE_MS) visitors.set(visitor, silentMs + passedMs);
        else visitors.delete(visitor);
      }
    }
  }

  function mayHold(visitor: Visitor, size: number): boolean {
    dropSilent();
    let others = 0;
    for (const other of inside.keys()) if (other !== visitor) others += other.held;
    const fits = others + size <= room;
    if (visitor.held > 0) return fits || inside.keys().next().value === visitor;
    const [next = visitor] = outside.keys();
    return fits && next === visitor;
  }

  return {
    open() {
      const visitor = { held: 0 };
      let heartbeat: ReturnType<typeof setInterval> | undefined;
      let hasLeft = false;
      const stay = () => inside.set(visitor, 0);
      return {
        async hold(size, waitMs = usualMs) {
          if (size <= visitor.held) return;
          const endAt = now() + waitMs;
          while (!hasLeft && !mayHold(visitor, size)) {
            if (visitor.held === 0) outside.set(visitor, 0);
            if (now() >= endAt) {
              throw new ServiceError("overloaded", `Other pictures take longer than ${waitMs} ms here`);
            }
            await sleep(POLL_MS);
          }
          outside.delete(visitor);
          if (hasLeft) return;
          visitor.held = size;
          stay();
          heartbeat ??= setInterval(stay, HEARTBEAT_MS);
        },
        leave() {
          hasLeft = true;
          if (heartbeat !== undefined) clearInterval(heartbeat);
          outside.delete(visitor);
          inside.delete(visitor);
        },
      };
    },
  };
}
