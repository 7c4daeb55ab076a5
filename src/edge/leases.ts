import { ServiceError } from "../core/errors.ts";
import type { Lease, Outcome, Patience } from "./lease.ts";

/** The right to compute a result, until `end` is called or the holder is gone. */
export interface Turn {
  /** Without an outcome, the next waiting request gets the turn. */
  end(outcome?: Outcome): Promise<void>;
}

/** Decides who computes a result when several requests want it. */
export interface Leases {
  /**
   * Waits while another computes the result of this key.
   *
   * @returns undefined if another has computed it.
   * @throws {ServiceError} the other computation's error, if it is final; `overloaded` after waiting in vain.
   */
  enter(key: string): Promise<Turn | undefined>;
}

export function durableLeases(namespace: DurableObjectNamespace<Lease>, patience: Patience): Leases {
  return {
    async enter(key) {
      const entry = await namespace
        .getByName(key)
        .enter(patience)
        .catch((cause) => {
          throw new ServiceError("overloaded", "Requests for this result cannot be coordinated at the moment", {
            cause,
          });
        });
      if (entry.state === "lead") {
        return {
          async end(outcome) {
            // An undisposed stub would keep the Durable Object in memory for as long as the client takes to read.
            using turn = entry.turn;
            await turn.end(outcome);
          },
        };
      }
      if (entry.state === "done") return undefined;
      if (entry.state === "failed") throw new ServiceError(entry.code, entry.message, { detail: entry.detail });
      throw new ServiceError("overloaded", `The result is still being computed after ${patience.waitMs} ms`);
    },
  };
}
