import { ServiceError } from "../core/errors.ts";
import type { Rgb } from "../core/image.ts";
import { networkPixels } from "../core/tiles.ts";
import { type Engine, isSameNetwork, type Network } from "../engine/engine.ts";
import { busy } from "./busy.ts";
import { createMean, DOUBT } from "./mean.ts";
import type { RunTiles } from "./tiles.ts";

export interface BatcherOptions {
  readonly run: RunTiles;
  /** Batches that run at the same time. */
  readonly lanes: number;
  /** Most tiles of a batch. */
  readonly batchTiles: number;
  /** Most tiles of all admitted requests together; a request alone may have more. */
  readonly queueTiles: number;
  /** Pixels of a whole tile. Smaller ones say less about the network's speed: part of their time does not depend on size. */
  readonly tilePixels: number;
  /** First guess at the speed of one lane. */
  readonly pixelsPerMs: number;
  /** Milliseconds. */
  readonly now: () => number;
  readonly onBatch?: (facts: { readonly tiles: number; readonly pixels: number; readonly ms: number }) => void;
}

/** What a request will ask of the network, and until when. */
export interface Demand {
  readonly tiles: number;
  /** What the network computes for all its tiles, in input pixels. */
  readonly pixels: number;
  /** When its last tile must be done, on the batcher's clock. */
  readonly dueMs: number;
}

/** An admitted request. */
export interface Ticket {
  /** @throws {unknown} the reason of {@link close}, if that comes first. */
  readonly upscale: Engine["upscale"];
  /** Gives up the request's place and drops its waiting tiles. */
  close(reason?: unknown): void;
}

interface Waiting {
  readonly tile: Rgb;
  readonly network: Network;
  readonly resolve: (upscaled: Rgb) => void;
  readonly reject: (reason: unknown) => void;
}

/** The batcher's state of an admitted request. What is left of it includes tiles that have not been cut yet. */
interface Job {
  readonly dueMs: number;
  tilesLeft: number;
  pixelsLeft: number;
  readonly waiting: Waiting[];
}

/** Estimates are multiplied by this, because threads share cores and a late result is worth nothing. */
const CAUTION = 1.15;

/** After this many failures in a row, the engine counts as broken. */
const MAX_FAILURES = 5;

export interface Batcher {
  /**
   * Admits a request only if it, and all that were admitted before, will be done in time.
   *
   * @throws {ServiceError} `overloaded`
   */
  admit(demand: Demand): Ticket;
  /** Tiles of admitted requests that are not done. */
  readonly tiles: number;
  /** Milliseconds until everything admitted is done. */
  readonly backlogMs: number;
  /** How long the oldest running batch has been running, in milliseconds. */
  readonly oldestBatchMs: number;
  /** Whether the last batches all failed, so that the engine is broken and not a picture. */
  readonly isFailing: boolean;
}

/**
 * Takes the tiles of all running requests in turn, one per request, so that a small picture does not wait for a large
 * one. Consecutive tiles of the same size and network go through the network together.
 */
export function createBatcher(options: BatcherOptions): Batcher {
  const { run, lanes, batchTiles, queueTiles, tilePixels, now, onBatch } = options;
  const jobs: Job[] = [];
  const rate = createMean(options.pixelsPerMs);
  /** Start times of the running batches. */
  const begun: number[] = [];
  let failures = 0;

  const tilesLeft = () => jobs.reduce((sum, job) => sum + job.tilesLeft, 0);
  const msFor = (pixels: number) => pixels / (rate.value * lanes);
  const backlogMs = () => msFor(jobs.reduce((sum, job) => sum + job.pixelsLeft, 0));

  /** Because jobs are served in turn, a job waits for at most as much work of each other job as it has itself. */
  const isInTime = (job: Job, all: readonly Job[]) => {
    const shared = all.reduce((sum, other) => sum + Math.min(other.pixelsLeft, job.pixelsLeft), 0);
    return now() + CAUTION * msFor(shared) <= job.dueMs;
  };

  /** Jobs that would be late anyway do not count, because there is nothing to protect. */
  const isBearable = (job: Job) => {
    const all = [...jobs, job];
    return isInTime(job, all) && jobs.every((other) => isInTime(other, all) || !isInTime(other, jobs));
  };

  function pump(): void {
    while (begun.length < lanes) {
      const batch = nextBatch(jobs, batchTiles);
      const network = batch[0]?.network;
      if (network === undefined) return;
      const started = now();
      begun.push(started);
      void runBatch(batch, network, started).finally(() => {
        begun.splice(begun.indexOf(started), 1);
        pump();
      });
    }
  }

  async function runBatch(batch: readonly Waiting[], network: Network, started: number): Promise<void> {
    const pixels = batch.reduce((sum, { tile }) => sum + networkPixels(tile), 0);
    try {
      const upscaled = await run(
        batch.map(({ tile }) => tile),
        network,
      );
      failures = 0;
      const ms = Math.max(now() - started, 0.001);
      rate.add(pixels / ms, Math.min(1, pixels / tilePixels));
      onBatch?.({ tiles: batch.length, pixels, ms });
      for (const [i, { resolve, reject }] of batch.entries()) {
        const tile = upscaled[i];
        if (tile === undefined) reject(new RangeError(`Expected ${batch.length} tiles, got ${upscaled.length}`));
        else resolve(tile);
      }
    } catch (cause) {
      failures++;
      const error = new ServiceError("inference_failed", "The picture could not be upscaled", { cause });
      for (const { reject } of batch) reject(error);
    }
  }

  return {
    admit({ tiles, pixels, dueMs }) {
      const job: Job = { dueMs, tilesLeft: tiles, pixelsLeft: pixels, waiting: [] };
      const isFull = tiles > 0 && tilesLeft() > 0 && tilesLeft() + tiles > queueTiles;
      if (isFull || !isBearable(job)) {
        const [aloneMs, leftMs] = [CAUTION * msFor(pixels), dueMs - now()].map(Math.round);
        const need = `${tiles} tiles, ${aloneMs} ms alone, ${leftMs} ms left`;
        if (tilesLeft() === 0 && now() < dueMs) rate.doubt(DOUBT);
        throw busy(backlogMs(), `${need}; ${tilesLeft()} of ${queueTiles} tiles are in`);
      }
      jobs.push(job);
      let closedFor: { readonly reason: unknown } | undefined;
      return {
        async upscale(tile, network) {
          if (closedFor !== undefined) throw closedFor.reason;
          try {
            return await new Promise<Rgb>((resolve, reject) => {
              job.waiting.push({ tile, network, resolve, reject });
              pump();
            });
          } finally {
            job.tilesLeft = Math.max(0, job.tilesLeft - 1);
            // Not by the tile's own size, which lacks the edges of one colour that were trimmed.
            job.pixelsLeft = (pixels * job.tilesLeft) / Math.max(1, tiles);
          }
        },
        close(reason) {
          if (closedFor !== undefined) return;
          closedFor = { reason };
          jobs.splice(jobs.indexOf(job), 1);
          for (const { reject } of job.waiting.splice(0)) reject(reason);
        },
      };
    },
    get tiles() {
      return tilesLeft();
    },
    get backlogMs() {
      return backlogMs();
    },
    get oldestBatchMs() {
      return begun.length === 0 ? 0 : now() - Math.min(...begun);
    },
    get isFailing() {
      return failures >= MAX_FAILURES;
    },
  };
}

/** One tile of each job in turn, as long as they are alike; jobs that were served go to the end. */
function nextBatch(jobs: Job[], most: number): Waiting[] {
  const batch: Waiting[] = [];
  for (let before = -1; before < batch.length && batch.length < most; ) {
    before = batch.length;
    for (const job of [...jobs]) {
      const [next] = job.waiting;
      if (next === undefined || !isAlike(next, batch[0] ?? next)) continue;
      batch.push(next);
      job.waiting.shift();
      jobs.push(...jobs.splice(jobs.indexOf(job), 1));
      if (batch.length === most) break;
    }
  }
  return batch;
}

function isAlike(a: Waiting, b: Waiting): boolean {
  return isSameNetwork(a.network, b.network) && a.tile.width === b.tile.width && a.tile.height === b.tile.height;
}
