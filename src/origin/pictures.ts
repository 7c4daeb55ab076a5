import { fileURLToPath } from "node:url";
import { MessageChannel } from "node:worker_threads";
import { Piscina } from "piscina";
// sharp must be loaded before the first thread that uses it starts. https://sharp.pixelplumbing.com/install (2026-11-24)
import "sharp";
import type { Tiling } from "../core/tiles.ts";
import type { PlannedSource } from "../service/render.ts";
import type { Ticket } from "./batcher.ts";
import type { Deadline } from "./deadline.ts";
import { fromErrorMessage } from "./error-message.ts";
import { bufferOf } from "./moving.ts";
import type { PictureAnswer, PictureTask, TimedPicture } from "./pixel-worker.ts";
import { answerTiles } from "./tile-port.ts";
import { createTurns } from "./turns.ts";

interface PicturesOptions {
  readonly threads: number;
  readonly tiling: Tiling;
  /** Tiles of one picture under way at the same time. */
  readonly concurrency: number;
  readonly timeoutSeconds: number;
  /** Milliseconds. */
  readonly now: () => number;
}

/** A source and its place in the queue. Its bytes are transferred and must not be used afterwards. */
interface PictureRequest extends PlannedSource {
  readonly ticket: Ticket;
  readonly deadline: Deadline;
}

/** Makes pictures from bytes to bytes. This thread only passes tiles on. */
export interface Pictures {
  /** @throws {ServiceError} what the codecs and the network throw, or the deadline's reason. */
  render(request: PictureRequest): Promise<TimedPicture>;
  /** How long a thread has been at its oldest picture, in milliseconds, whether or not anybody still wants it. */
  readonly oldestMs: number;
}

/** Most pictures that need no network and wait for their turn; more are refused. */
const MAX_WAITING = 100;

/** Starts the threads. */
export async function openPictures({
  threads,
  tiling,
  concurrency,
  timeoutSeconds,
  now,
}: PicturesOptions): Promise<Pictures> {
  const pool = new Piscina<PictureTask | undefined, PictureAnswer>({
    filename: fileURLToPath(new URL("pixel-worker.ts", import.meta.url)),
    name: "renderPicture",
    minThreads: threads,
    maxThreads: threads,
    // A picture mostly waits for the network, and the queue of tiles bounds how many there are; `inTurn` bounds the others.
    concurrentTasksPerWorker: 1000,
    workerData: { timeoutSeconds },
  });
  // Two per thread, so that one is decoded while the thread is at another. Each takes twice the memory of its pixels.
  const inTurn = createTurns({ atATime: 2 * threads, maxWaiting: MAX_WAITING, now });
  await Promise.all(Array.from({ length: threads }, () => pool.run(undefined, { name: "load" })));
  /** In the order in which they began. */
  const running = new Set<{ readonly startedMs: number }>();
  return {
    get oldestMs() {
      const [oldest] = running;
      return oldest ? now() - oldest.startedMs : 0;
    },
    async render({ ticket, deadline, ...source }) {
      // The client may have left while the body was checked; nothing is decoded in vain.
      deadline.signal.throwIfAborted();
      let failure: unknown;
      let stop = () => {};
      const start = async () => {
        const { port1, port2 } = new MessageChannel();
        stop = answerTiles(port1, ticket.upscale, (cause) => {
          failure ??= cause;
        });
        const task = { ...source, tiling, concurrency, port: port2 };
        const run = { startedMs: now() };
        running.add(run);
        return await pool
          .run(task, { transferList: [port2, bufferOf({ data: source.bytes })] })
          .finally(() => running.delete(run));
      };
      const done = source.plan.scale === 1 ? inTurn(deadline, start) : start();
      try {
        const answer = await deadline.race(done);
        if ("error" in answer) throw failure ?? fromErrorMessage(answer.error);
        return answer;
      } finally {
        // Work that still runs in the thread finds the engine stopped, ends, and closes the ports.
        stop();
      }
    },
  };
}
