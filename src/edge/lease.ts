import { DurableObject, RpcTarget } from "cloudflare:workers";
import type { ErrorCode, LimitDetail } from "../core/errors.ts";

/** What the waiting requests are told when a turn ends: the result is stored, or it cannot be made. */
export type Outcome =
  | { readonly state: "done" }
  | {
      readonly state: "failed";
      readonly code: ErrorCode;
      readonly message: string;
      readonly detail?: LimitDetail | undefined;
    };

/** What a request gets on entering: the turn, the outcome of another request's turn, or that it has waited too long. */
type Entry = { readonly state: "lead"; readonly turn: Turn } | Outcome | { readonly state: "late" };

export interface Patience {
  readonly waitMs: number;
  /** After this long the turn passes on. Two requests may then compute the result, but a stored one is never replaced. */
  readonly holdMs: number;
}

/**
 * One request's right to compute one result. It ends with `end`, or when the request is gone: the runtime disposes of
 * what a request held, however the request ends.
 */
class Turn extends RpcTarget {
  readonly #onEnd: (outcome?: Outcome) => void;

  constructor(onEnd: (outcome?: Outcome) => void) {
    super();
    this.#onEnd = onEnd;
  }

  /** Without an outcome, the next waiting request gets the turn. */
  end(outcome?: Outcome): void {
    this.#onEnd(outcome);
  }

  [Symbol.dispose](): void {
    this.#onEnd();
  }
}

/** One object per result key that is being computed. It lets in one request at a time and stores nothing. */
export class Lease extends DurableObject {
  #holder: object | undefined;
  readonly #waiting = new Set<(entry: Entry) => void>();

  enter({ waitMs, holdMs }: Patience): Promise<Entry> {
    if (this.#holder === undefined) return Promise.resolve(this.#lead(holdMs));
    return new Promise((resolve) => {
      const answer = (entry: Entry) => {
        clearTimeout(timer);
        this.#waiting.delete(answer);
        resolve(entry);
      };
      const timer = setTimeout(() => answer({ state: "late" }), waitMs);
      this.#waiting.add(answer);
    });
  }

  #lead(holdMs: number): Entry {
    const holder = {};
    const timer = setTimeout(() => end(), holdMs);
    const end = (outcome?: Outcome) => {
      if (this.#holder !== holder) return;
      clearTimeout(timer);
      this.#holder = undefined;
      if (outcome !== undefined) for (const answer of this.#waiting) answer(outcome);
      const [next] = this.#waiting;
      next?.(this.#lead(holdMs));
    };
    this.#holder = holder;
    return { state: "lead", turn: new Turn(end) };
  }
}
