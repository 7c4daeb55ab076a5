/** Measures the steps of one request for its Server-Timing header (W3C Server Timing). */
export interface Stopwatch {
  time<T>(name: string, step: Promise<T>): Promise<T>;
  /** `decode;dur=3.1, upscale;dur=812.0` */
  header(): string;
  /** Milliseconds of each step. */
  steps(): Readonly<Record<string, number>>;
}

/** Cloudflare stops the clock while a Worker computes, so a deployed one shows only waiting; a local workerd shows everything. */
export function createStopwatch(now: () => number): Stopwatch {
  const steps: (readonly [name: string, ms: number])[] = [];
  return {
    async time(name, step) {
      const start = now();
      try {
        return await step;
      } finally {
        steps.push([name, now() - start]);
      }
    },
    header: () => steps.map(([name, ms]) => `${name};dur=${ms.toFixed(1)}`).join(", "),
    steps: () => Object.fromEntries(steps),
  };
}
