import { createGate, type GateOptions } from "./gate.ts";

/** Lets one picture at a time into the isolate's memory, and other requests in between its tiles. */
export interface Turnstile {
  /**
   * @param work - awaits `pause` now and then.
   * @throws {ServiceError} `overloaded` after waiting in vain.
   */
  run<T>(work: (pause: () => Promise<void>) => Promise<T>): Promise<T>;
}

export function createTurnstile(options: Omit<GateOptions, "room">): Turnstile {
  const gate = createGate({ room: 1, ...options });
  return {
    async run(work) {
      const pass = await gate.enter(1);
      try {
        return await work(async () => {
          await options.sleep(0);
          pass.seen();
        });
      } finally {
        pass.leave();
      }
    },
  };
}
