/** An isolate's record of the origin's health; plain data, so that requests can share it. */
export interface Circuit {
  /** Consecutive failures so far. */
  readonly failures: number;
  /** An open circuit lets nothing through before this time, in milliseconds. */
  readonly openUntilMs: number;
}

interface CircuitOptions {
  /** Consecutive failures that open the circuit. */
  readonly maxFailures: number;
  /** How long an open circuit lets nothing through, and the time between probes. */
  readonly pauseMs: number;
}

/** Nothing has failed. */
export const HEALTHY: Circuit = { failures: 0, openUntilMs: 0 };

/**
 * Lets a request through, or says how long it would have to wait. After the pause, one request passes as a probe and the
 * pause starts again for all others, so a probe whose client leaves, and whose outcome nobody learns, blocks nothing.
 */
export function pass(
  circuit: Circuit,
  nowMs: number,
  { maxFailures, pauseMs }: CircuitOptions,
): { readonly circuit: Circuit; readonly waitMs: number } {
  if (circuit.failures < maxFailures) return { circuit, waitMs: 0 };
  const waitMs = circuit.openUntilMs - nowMs;
  // A wait longer than the whole pause means that the clock was set back.
  if (waitMs > 0 && waitMs <= pauseMs) return { circuit, waitMs };
  return { circuit: { ...circuit, openUntilMs: nowMs + pauseMs }, waitMs: 0 };
}

/** The circuit after one more failure, which starts a pause if there are now `maxFailures`. */
export function afterFailure({ failures }: Circuit, nowMs: number, { pauseMs }: CircuitOptions): Circuit {
  return { failures: failures + 1, openUntilMs: nowMs + pauseMs };
}
