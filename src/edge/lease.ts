import { DurableObject, RpcTarget } from "cloudflare:workers";
import type { ErrorCode, LimitDetail } from "../core/errors.ts";

/** What the others are told when a turn ends: there is a result now, or there can be none. */
export type Outcome =
  | { readonly state: "done" }
  | {
      readonly state: "failed";
      readonly code: ErrorCode;
      readonly message: string;
      readonly detail?: LimitDetail | undefined;
    };

/** The answer to who comes: it is your turn, how another's turn ended, or that you have waited long enough. */
type Entry = { readonly state: "lead"; readonly turn: Turn } | Outcome | { readonly state: "late" };

export interface Patience {
  readonly waitMs: number;
  /** A turn that is not over by then is the next one's; a result is never replaced, so two may compute it. */
  readonly holdMs: number;
}

/**
 * The right to compute one result, in the hand of one request. It ends with a word, or when its holder is gone: the
 * runtime disposes of what a request held, however that ends.
 */
class Turn extends RpcTarget {
  readonly #onEnd: (outcome?: Outcome) => void;

  constructor(onEnd: (outcome?: Outcome) => void) {
    super();
    this.#onEnd = onEnd;
  }

  /** Without an outcome the next one may try. */
  end(outcome?: Outcome): void {
    this.#onEnd(outcome);
  }

  [Symbol.dispose](): void {
    this.#onEnd();
  }
}

/** One object for each result key that is being computed: lets in one request at a time. Nothing is stored. */
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
