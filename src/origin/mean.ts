/** A mean in which what was seen last weighs most. */
export interface Mean {
  readonly value: number;
  add(seen: number): void;
}

/** @param first - taken until something has been seen; fades as more is. */
export function createMean(first: number): Mean {
  const weight = 0.1;
  let value = first;
  return {
    get value() {
      return value;
    },
    add(seen) {
      value += weight * (seen - value);
    },
  };
}
