/** A mean in which the latest values weigh most. */
export interface Mean {
  readonly value: number;
  /** @param share - weight of this value, at most 1. */
  add(seen: number, share?: number): void;
  /**
   * Multiplies the value by `factor` until the next one is added. It may be wrong, and as long as it keeps everybody out,
   * nothing is measured that could correct it.
   */
  doubt(factor: number): void;
}

/** The factor by which a mean is doubted for each request that is refused while there is nothing to do. */
export const DOUBT = 1.05;

/** Doubt has a limit, because a request that it lets in wrongly is computed in vain. */
const MOST_DOUBT = 32;

/** @param first - the value until one is added; fades as more are. */
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
