import { ServiceError } from "../core/errors.ts";
import type { Lease, Outcome, Patience } from "./lease.ts";

/** The right to compute a result, until it ends or its holder is gone. */
export interface Turn {
  /** Without an outcome the next one may try. */
  end(outcome?: Outcome): Promise<void>;
}

/** Who computes a result when several want it. */
export interface Leases {
  /**
   * Waits while another computes the result of this key.
   *
   * @returns undefined when another has computed it.
   * @throws {ServiceError} what the picture made the other one's computation fail with; `overloaded` after waiting in vain.
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
          throw new ServiceError("overloaded", "Who computes this result cannot be settled now", { cause });
        });
      if (entry.state === "lead") {
        return {
          async end(outcome) {
            // While there is a stub of it, its object stays in memory, for as long as the client takes to read.
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
