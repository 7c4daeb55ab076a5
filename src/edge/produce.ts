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
   * Resolves when the result is in the store and the waiting requests have been told; false if another's was there. Rejects
   * if it could not be stored.
   */
  readonly stored: Promise<boolean>;
}

interface ProduceOptions extends RenderOptions {
  /** Called before anything is read or computed; throws to refuse. */
  readonly admit?: () => Promise<void>;
}

/**
 * Computes a result that is not in the store, once for all requests and jobs that want it at the same time.
 *
 * @returns undefined if another has computed it, so that it is in the store now.
 * @throws {ServiceError} what the picture is refused for, the same for all who wait; `overloaded` after waiting in vain.
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
      // The result may have been stored since the caller looked.
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

/** If the result cannot be stored, the next waiting request computes it again. */
async function endWhenStored(turn: Turn, put: Promise<boolean>): Promise<boolean> {
  const isOurs = await put.catch(async (cause) => {
    await end(turn);
    throw cause;
  });
  await end(turn, { state: "done" });
  return isOurs;
}

/** Whether a retry would fail the same way, because the client or the picture is to blame. */
export function isFinal({ status }: ServiceError): boolean {
  return status < 500 && status !== 429;
}

/** Tells a final error to all who wait; after any other, the next may try. */
async function endFailed(turn: Turn, cause: unknown): Promise<void> {
  const error = asServiceError(cause);
  const { code, message, detail } = error;
  await end(turn, isFinal(error) ? { state: "failed", code, message, detail } : undefined);
}

/** The lease may be gone before its holder; that does not change the outcome of the work. */
async function end(turn: Turn, outcome?: Outcome): Promise<void> {
  await turn.end(outcome).catch((cause) => logError("lease", cause));
}
