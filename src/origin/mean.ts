/** A mean in which what was seen last weighs most. */
export interface Mean {
  readonly value: number;
  /** @param share - how much this one says, to 1. */
  add(seen: number, share?: number): void;
  /** Goes back towards the first guess: what nobody is let in for is never seen again. */
  fade(): void;
}

/** @param first - taken until something has been seen; fades as more is. */
export function createMean(first: number): Mean {
  const weight = 0.1;
  let value = first;
  const add = (seen: number, share = 1) => {
    value += weight * share * (seen - value);
  };
  return {
    get value() {
      return value;
    },
    add,
    fade: () => add(first),
  };
}
