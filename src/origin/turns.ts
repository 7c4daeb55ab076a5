import pLimit from "p-limit";
import { busy } from "./busy.ts";
import type { Deadline } from "./deadline.ts";
import { createMean } from "./mean.ts";

interface TurnsOptions {
  readonly atATime: number;
  /** Any more are refused. */
  readonly maxWaiting: number;
  /** Milliseconds. */
  readonly now: () => number;
}

/**
 * Does the work when it is its turn, in the order of coming.
 *
 * @throws {ServiceError} `overloaded` at once, where too many wait, or by what turns took of late it would be done too late.
 */
type InTurn = <Result>(deadline: Pick<Deadline, "dueMs" | "signal">, work: () => Promise<Result>) => Promise<Result>;

/** First guess at what a turn takes, in milliseconds; then it is measured. */
const TURN_MS = 300;

/** An estimate is held to be too good by this factor: whoever is let in for the last place is done at the last moment. */
const CAUTION = 1.25;

export function createTurns({ atATime, maxWaiting, now }: TurnsOptions): InTurn {
  const limit = pLimit(atATime);
  const turnMs = createMean(TURN_MS);
  /** Without those that have gone, whose turn only ends at once when it comes. */
  const waiting = new Set<object>();
  return async ({ dueMs, signal }, work) => {
    // Where there is a place nobody is refused, so that turns are measured again however long the last ones took.
    const isNext = limit.activeCount < atATime;
    const waitMs = isNext ? 0 : turnMs.value * (1 + (waiting.size + 1) / atATime);
    if (waiting.size >= maxWaiting || now() + CAUTION * waitMs > dueMs)
      throw busy(waitMs, `${waiting.size} pictures before it, ${Math.round(waitMs)} ms`);
    const place = {};
    if (!isNext) waiting.add(place);
    const leave = () => waiting.delete(place);
    signal.addEventListener("abort", leave, { once: true });
    return await limit(async () => {
      leave();
      // What is not done takes no time.
      signal.throwIfAborted();
      const started = now();
      try {
        return await work();
      } finally {
        turnMs.add(now() - started);
      }
    });
  };
}
