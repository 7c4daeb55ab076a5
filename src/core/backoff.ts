/** Largest share of a delay that is added at random, so that what failed together is not retried together. */
const JITTER = 0.2;

/** The delay times 1 to 1.2, so never less than was asked for. @param random - as Math.random. */
export function withJitter(delay: number, random: () => number): number {
  return delay * (1 + JITTER * random());
}

/** Doubles with each attempt, up to `max`; `attempt` counts from 1. */
export function growingDelay(attempt: number, { base, max }: { base: number; max: number }): number {
  return Math.min(max, base * 2 ** (attempt - 1));
}
