import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { ServiceError } from "../core/errors.ts";
import type { Rgb } from "../core/image.ts";
import type { Engine, Network } from "../engine/engine.ts";
import { bufferOf } from "./moving.ts";

/** Sent by the answering side when nobody wants the picture any more. Late listeners would miss a port's "close". */
const STOP = "stop";

interface Request {
  readonly id: number;
  readonly tile: Rgb;
  readonly network: Network;
}

/** Without a tile, the request failed, and the answering side knows why. */
interface Answer {
  readonly id: number;
  readonly tile?: Rgb;
}

/** An engine behind a port, served by {@link answerTiles}. Once it is stopped, nobody wants the picture any more. */
export function portEngine(port: MessagePort): Engine & { readonly isStopped: boolean } {
  const waiting = new Map<number, (answer: Answer) => void>();
  let last = 0;
  let isStopped = false;
  const receive = (answer: Answer | typeof STOP) => {
    if (answer === STOP) {
      isStopped = true;
      for (const [id, settle] of waiting) settle({ id });
    } else {
      waiting.get(answer.id)?.(answer);
      waiting.delete(answer.id);
    }
  };
  port.on("message", receive);
  return {
    name: "origin",
    get isStopped() {
      // While a decoder blocks the thread, no message is delivered, so they are fetched here.
      for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) receive(next.message);
      return isStopped;
    },
    upscale: (tile, network) =>
      new Promise((resolve, reject) => {
        const id = ++last;
        const settle = ({ tile: upscaled }: Answer) => {
          if (upscaled) resolve(upscaled);
          else reject(new ServiceError("inference_failed", "The picture could not be upscaled"));
        };
        if (isStopped) return settle({ id });
        waiting.set(id, settle);
        port.postMessage({ id, tile, network } satisfies Request, [bufferOf(tile)]);
      }),
  };
}

/**
 * Answers the requests of a {@link portEngine} with what `upscale` makes of them; what it throws goes to `onError`.
 *
 * @returns a function that stops the engine: waiting and further requests fail.
 */
export function answerTiles(
  port: MessagePort,
  upscale: Engine["upscale"],
  onError: (cause: unknown) => void,
): () => void {
  port.on("message", ({ id, tile, network }: Request) => {
    upscale(tile, network).then(
      (upscaled) => port.postMessage({ id, tile: upscaled } satisfies Answer, [bufferOf(upscaled)]),
      (cause) => {
        onError(cause);
        port.postMessage({ id } satisfies Answer);
      },
    );
  });
  return () => port.postMessage(STOP);
}
