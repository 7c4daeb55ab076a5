import pLimit from "p-limit";
import { busy } from "./busy.ts";
import type { Deadline } from "./deadline.ts";
import { createMean } from "./mean.ts";

interface TurnsOptions {
  readonly atATime: number;
  /** More are refused. */
  readonly maxWaiting: number;
  /** Milliseconds. */
  readonly now: () => number;
}

/**
 * Does the work when its turn comes, in the order of arrival.
 *
 * @throws {ServiceError} `overloaded` at once, if too many wait or recent turns took so long that it would be done too late.
 */
type InTurn = <Result>(deadline: Pick<Deadline, "dueMs" | "signal">, work: () => Promise<Result>) => Promise<Result>;

/** First guess at the length of a turn, in milliseconds, until one has been measured. */
const TURN_MS = 300;

/** Estimates are multiplied by this, because whoever gets the last place is done at the last moment. */
const CAUTION = 1.25;

export function createTurns({ atATime, maxWaiting, now }: TurnsOptions): InTurn {
  const limit = pLimit(atATime);
  const turnMs = createMean(TURN_MS);
  /** Without those that have gone, whose turn ends as soon as it comes. */
  const waiting = new Set<object>();
  return async ({ dueMs, signal }, work) => {
    // With a free place nobody is refused, so that turns are measured again however long the last ones took.
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
      // Work that is skipped must not be measured.
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
