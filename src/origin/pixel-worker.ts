import type { MessagePort } from "node:worker_threads";
import pLimit from "p-limit";
import { workerData } from "piscina";
import type { Codecs } from "../codecs/codec.ts";
import { createNodeCodecs } from "../codecs/node.ts";
import { ServiceError } from "../core/errors.ts";
import type { Tiling } from "../core/tiles.ts";
import { type PlannedSource, render } from "../service/render.ts";
import { createStopwatch } from "../service/stopwatch.ts";
import { type ErrorMessage, toErrorMessage } from "./error-message.ts";
import { moving } from "./moving.ts";
import { portEngine } from "./tile-port.ts";

/** One picture to be made. */
export interface PictureTask extends PlannedSource {
  readonly tiling: Tiling;
  /** Tiles under way at the same time. */
  readonly concurrency: number;
  /** To the engine; see tile-port.ts. */
  readonly port: MessagePort;
}

/** An encoded picture and where the time went. */
export interface TimedPicture {
  readonly data: Uint8Array<ArrayBuffer>;
  /** Id of the model that made it; "none" without one. */
  readonly model: string;
  readonly serverTiming: string;
  /** Milliseconds of each step; encoding without the wait for its turn. */
  readonly steps: Readonly<Record<string, number>>;
}

/** The picture, or why it failed. */
export type PictureAnswer = TimedPicture | { readonly error: ErrorMessage };

// Set by pictures.ts.
const { timeoutSeconds } = workerData as { readonly timeoutSeconds: number };
const codecs = createNodeCodecs({ timeoutSeconds });

/**
 * One codec at a time in each thread: sharp's codecs occupy threads of Node's pool. The whole program has only a few of
 * these, and signatures and digests need one too.
 */
const inTurn = pLimit(1);

/** Returns as soon as the thread has loaded everything. */
export function load(): void {}

/** Takes the same steps as the Worker, in a thread of its own; only the network runs elsewhere. */
export async function renderPicture({ port, tiling, concurrency, ...source }: PictureTask): Promise<PictureAnswer> {
  const stopwatch = createStopwatch(() => performance.now());
  const engine = portEngine(port);
  const wanted = <Result>(work: () => Promise<Result>) =>
    inTurn(() => {
      if (engine.isStopped) throw new ServiceError("deadline_exceeded", "Nobody is waiting for the picture any more");
      return work();
    });
  // Timed separately, because the stopwatch includes the wait for the turn.
  let encodeMs = 0;
  const turns: Codecs = {
    decode: (...file) => wanted(() => codecs.decode(...file)),
    encode: (...picture) =>
      wanted(async () => {
        const started = performance.now();
        const bytes = await codecs.encode(...picture);
        encodeMs = performance.now() - started;
        return bytes;
      }),
  };
  try {
    const renderer = { codecs: turns, engine, tiling, concurrency };
    const { bytes, model } = await render(renderer, source, stopwatch);
    // A copy, because the memory of sharp's result is sharp's own, which Node 24 does not transfer.
    const steps = { ...stopwatch.steps(), encode: encodeMs };
    const answer = { data: new Uint8Array(bytes), model, serverTiming: stopwatch.header(), steps };
    return moving(answer, [answer]);
  } catch (cause) {
    return { error: toErrorMessage(cause) };
  } finally {
    port.close();
  }
}
