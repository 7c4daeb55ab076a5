import { createRandom } from "../samples/noise.ts";

/** Random numbers that are the same for the same seed. */
export interface Chance {
  /** A whole number, both ends included. */
  int(least: number, most: number): number;
  real(least: number, most: number): number;
  pick<T>(choices: readonly [T, ...T[]]): T;
  /** True with this probability. */
  holds(probability: number): boolean;
  /** Calls the function this many times. */
  times<T>(count: number, make: (index: number) => T): T[];
}

export function chanceOf(seed: number): Chance {
  const random = createRandom(seed);
  const int = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  return {
    int,
    real: (least, most) => least + random() * (most - least),
    pick: (choices) => choices[int(0, choices.length - 1)] ?? choices[0],
    holds: (probability) => random() < probability,
    times: (count, make) => Array.from({ length: count }, (_, index) => make(index)),
  };
}
