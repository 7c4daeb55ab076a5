/** What an isolate remembers of the origin; plain data, so that requests may share it. */
export interface Circuit {
  /** In a row, up to now. */
  readonly failures: number;
  /** Until then nothing is let through once there were too many; ms. */
  readonly openUntilMs: number;
}

interface CircuitOptions {
  /** So many failures in a row open it. */
  readonly maxFailures: number;
  /** How long nothing is let through, and how long one probe is waited for before the next. */
  readonly pauseMs: number;
}

/** Nothing has failed. */
export const HEALTHY: Circuit = { failures: 0, openUntilMs: 0 };

/**
 * Lets a request through, or says how long it would have to wait. Once the pause is over, one request goes ahead as a
 * probe and the pause starts anew for all others: a probe whose client leaves, so that nobody hears how it ended, blocks nothing.
 */
export function pass(
  circuit: Circuit,
  nowMs: number,
  { maxFailures, pauseMs }: CircuitOptions,
): { readonly circuit: Circuit; readonly waitMs: number } {
  if (circuit.failures < maxFailures) return { circuit, waitMs: 0 };
  const waitMs = circuit.openUntilMs - nowMs;
  // No pause has more left than it was long, unless the clock was set back.
  if (waitMs > 0 && waitMs <= pauseMs) return { circuit, waitMs };
  return { circuit: { ...circuit, openUntilMs: nowMs + pauseMs }, waitMs: 0 };
}

/** One more failure; the last that is borne starts a pause. */
export function afterFailure({ failures }: Circuit, nowMs: number, { pauseMs }: CircuitOptions): Circuit {
  return { failures: failures + 1, openUntilMs: nowMs + pauseMs };
}
