import type { TestOrigin } from "./origin.ts";

interface LoadOptions {
  /** Requests started per second, whether or not earlier ones are done; Infinity for as many as `atATime` allows. */
  readonly perSecond: number;
  readonly seconds: number;
  /** Maximum number of concurrent requests. */
  readonly atATime?: number;
}

interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

/** Outcomes of the requests. */
export interface Load {
  readonly good: number;
  readonly refused: number;
  /** Number of requests that were admitted but not done in time. */
  readonly late: number;
  readonly statuses: ReadonlySet<number>;
  /** Time from the first request to the last good answer. */
  readonly seconds: number;
  readonly goodMs: Quantiles;
  readonly refusedMs: Quantiles;
}

/** Sends the same picture again and again, at a rate that does not depend on the answers. */
export async function offer(origin: TestOrigin, source: Uint8Array, options: LoadOptions): Promise<Load> {
  const { perSecond, seconds, atATime = 1000 } = options;
  const [goodMs, refusedMs]: [number[], number[]] = [[], []];
  let late = 0;
  const statuses = new Set<number>();
  const running = new Set<Promise<void>>();
  const started = performance.now();
  let last = started;

  async function request(): Promise<void> {
    const begun = performance.now();
    const response = await origin.upscale("x2", source);
    await response.arrayBuffer();
    statuses.add(response.status);
    const now = performance.now();
    if (response.ok) {
      goodMs.push(now - begun);
      last = now;
    } else if (response.status === 503) refusedMs.push(now - begun);
    else late++;
  }

  for (let sent = 0; performance.now() - started < 1000 * seconds; ) {
    const due = Math.min(perSecond * seconds, (perSecond * (performance.now() - started)) / 1000 + 1);
    while (sent < due && running.size < atATime) {
      sent++;
      const one: Promise<void> = request().finally(() => running.delete(one));
      running.add(one);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(running);
  return {
    good: goodMs.length,
    refused: refusedMs.length,
    late,
    statuses,
    seconds: (last - started) / 1000,
    goodMs: quantiles(goodMs),
    refusedMs: quantiles(refusedMs),
  };
}

/** Quantiles of any number of values; NaN if there are none. */
export function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}
