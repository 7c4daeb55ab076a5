/** A mean in which what was seen last weighs most. */
export interface Mean {
  readonly value: number;
  /** @param share - how much this one says, to 1. */
  add(seen: number, share?: number): void;
  scale(factor: number): void;
}

/**
 * By so much a mean is held to be wrong for each request that is refused while nothing is to be done: it might be, the first guess too,
 * and what nobody is let in for is never seen again.
 */
export const DOUBT = 1.05;

/** @param first - taken until something has been seen; fades as more is. */
export function createMean(first: number): Mean {
  const weight = 0.1;
  let value = first;
  return {
    get value() {
      return value;
    },
    add(seen, share = 1) {
      value += weight * share * (seen - value);
    },
    scale(factor) {
      value *= factor;
    },
  };
}
