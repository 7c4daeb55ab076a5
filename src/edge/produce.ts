import type { ServiceError } from "../core/errors.ts";
import { asServiceError, logError } from "../service/problem.ts";
import type { Outcome } from "./lease.ts";
import type { Leases, Turn } from "./leases.ts";
import type { Located, Pipeline, RenderOptions } from "./pipeline.ts";
import type { Place } from "./place.ts";
import type { ResultFacts, Results } from "./results.ts";

/** A result that was just computed. */
export interface Product {
  readonly place: Place;
  readonly facts: ResultFacts;
  readonly bytes: Uint8Array;
  /**
   * Settles when the result is in the store and who waits for it knows: false if another's was there. Rejects if it could
   * not be stored.
   */
  readonly stored: Promise<boolean>;
}

interface ProduceOptions extends RenderOptions {
  /** Asked before anything is read or computed; throws to refuse. */
  readonly admit?: () => Promise<void>;
}

/**
 * Computes a result that is not in the store, once for all who want it at the same time, requests and jobs.
 *
 * @returns undefined when another has done it: it is in the store now.
 * @throws {ServiceError} what the picture is refused for, to all who wait; `overloaded` after waiting in vain.
 */
export type ProduceOnce = (located: Located, options: ProduceOptions) => Promise<Product | undefined>;

interface ProduceDeps {
  readonly pipeline: Pipeline;
  readonly results: Results;
  readonly leases: Leases;
}

export function createProduceOnce({ pipeline, results, leases }: ProduceDeps): ProduceOnce {
  async function store({ key, source }: Located, bytes: Uint8Array, facts: ResultFacts): Promise<boolean> {
    const isOurs = await results.put(key.path, bytes, facts);
    await source.onStored?.().catch((cause) => logError("last known", cause));
    return isOurs;
  }

  return async (located, { admit, ...options }) => {
    const { stopwatch } = options;
    const { path } = located.key;
    const turn = await stopwatch.time("lease", leases.enter(path));
    if (turn === undefined) return undefined;
    try {
      // It may have been stored between our looking and our turn.
      if ((await results.head(path)) !== undefined) {
        await end(turn, { state: "done" });
        return undefined;
      }
      await admit?.();
      const inspected = await pipeline.inspect(located, stopwatch);
      const { bytes, model } = await pipeline.render(inspected, options);
      const facts = { ...inspected.facts, model };
      return { place: inspected.place, facts, bytes, stored: endWhenStored(turn, store(located, bytes, facts)) };
    } catch (cause) {
      await endFailed(turn, cause);
      throw cause;
    }
  };
}

/** What could not be stored is computed again by the next who waits. */
async function endWhenStored(turn: Turn, put: Promise<boolean>): Promise<boolean> {
  const isOurs = await put.catch(async (cause) => {
    await end(turn);
    throw cause;
  });
  await end(turn, { state: "done" });
  return isOurs;
}

/** Whether it will be as wrong the next time: what the client or the picture is to blame for. */
export function isFinal({ status }: ServiceError): boolean {
  return status < 500 && status !== 429;
}

/** What is final everybody is told; after any other failure the next may try. */
async function endFailed(turn: Turn, cause: unknown): Promise<void> {
  const error = asServiceError(cause);
  const { code, message, detail } = error;
  await end(turn, isFinal(error) ? { state: "failed", code, message, detail } : undefined);
}

/** Where the lease has gone before its holder, what came of the work stands all the same. */
async function end(turn: Turn, outcome?: Outcome): Promise<void> {
  await turn.end(outcome).catch((cause) => logError("lease", cause));
}
