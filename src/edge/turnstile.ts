import { createGate, type GateOptions } from "./gate.ts";

/** Lets one picture at a time into the isolate's memory; between its tiles, other requests are served. */
export interface Turnstile {
  /**
   * @param work - awaits `pause` now and then.
   * @param waitMs - longest wait for its turn, in milliseconds; {@link GateOptions.waitMs} by default.
   * @throws {ServiceError} `overloaded` after waiting in vain.
   */
  run<T>(work: (pause: () => Promise<void>) => Promise<T>, waitMs?: number): Promise<T>;
}

export function createTurnstile(options: Omit<GateOptions, "room">): Turnstile {
  const gate = createGate({ room: 1, ...options });
  return {
    async run(work, waitMs) {
      const guest = gate.open();
      try {
        await guest.hold(1, waitMs);
        return await work(() => options.sleep(0));
      } finally {
        guest.leave();
      }
    },
  };
}
