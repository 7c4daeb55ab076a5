import { ServiceError } from "../core/errors.ts";

/** Limits how much the isolate's requests hold at the same time. */
export interface Gate {
  open(): Guest;
}

/** A request and its share of the room. */
export interface Guest {
  /**
   * Waits until this guest holds `size` in total. Guests that hold nothing yet enter in the order of arrival. One that needs
   * more waits for room, unless all other holders came later: two that both need more would wait for each other.
   *
   * @param waitMs - longest wait in milliseconds; {@link GateOptions.waitMs} by default.
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
  /** Default for the longest wait, in milliseconds. */
  readonly waitMs: number;
}

const POLL_MS = 20;
const HEARTBEAT_MS = 250;
/** A visitor without a heartbeat for this long counts as gone. */
export const GONE_MS = 1000;

/**
 * Polls instead of queueing promises: when a client leaves, its request stops wherever it is, heartbeat included, and
 * whoever waits for a promise of that request waits for ever.
 */
export function createGate({ room, now, sleep, waitMs: usualMs }: GateOptions): Gate {
  type Visitor = { held: number };
  /** How long each visitor has been silent, in milliseconds, in the order of arrival. */
  const outside = new Map<Visitor, number>();
  const inside = new Map<Visitor, number>();
  let polledAt = now();

  function dropSilent(): void {
    // A codec may block all heartbeats for ten seconds, so a longer gap counts as one heartbeat.
    // A negative gap means that the clock was set back.
    const sinceMs = now() - polledAt;
    // In each polling interval, one waiting visitor does this for all.
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
              throw new ServiceError("overloaded", `Waited ${waitMs} ms for other pictures that are computed here`);
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
