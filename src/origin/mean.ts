/** A mean in which what was seen last weighs most. */
export interface Mean {
  readonly value: number;
  /** @param share - how much this one says, to 1. */
  add(seen: number, share?: number): void;
  /**
   * Takes the value for so many times as large, until something is seen: what was seen before, or guessed, may be wrong, and what nobody is
   * let in for is never seen again.
   */
  doubt(factor: number): void;
}

/** By so much a mean is doubted for each request that is refused while nothing is to be done. */
export const DOUBT = 1.05;

/** Who is let in by doubt comes in vain if it was wrong: it does not go on for ever. */
const MOST_DOUBT = 32;

/** @param first - taken until something has been seen; fades as more is. */
export function createMean(first: number): Mean {
  let mean = first;
  let doubt = 1;
  return {
    get value() {
      return mean * doubt;
    },
    add(seen, share = 1) {
      const weight = doubt === 1 ? 0.1 : 1;
      mean += weight * share * (seen - mean);
      doubt = 1;
    },
    doubt(factor) {
      doubt = Math.max(1 / MOST_DOUBT, Math.min(doubt * factor, MOST_DOUBT));
    },
  };
}
