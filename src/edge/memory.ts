import { createGate, type GateOptions } from "./gate.ts";

/**
 * The files that requests hold in the isolate's memory: together no more than the limits allow one of them, and what the
 * first of them still needs.
 */
export interface Memory {
  open(): Holding;
}

/** The files of one request. Both wait for room. @throws {ServiceError} `overloaded` after waiting in vain */
export interface Holding {
  /** So many bytes of the source, all in all. */
  source(bytes: number): Promise<void>;
  /** So many bytes of a result that was made elsewhere, all in all. */
  result(bytes: number): Promise<void>;
  /** The request is over. */
  release(): void;
}

interface MemoryOptions extends Omit<GateOptions, "room"> {
  readonly sourceBytes: number;
  readonly resultBytes: number;
}

/** Two rooms, so that nobody who holds a source waits for another who does. */
export function createMemory({ sourceBytes, resultBytes, ...options }: MemoryOptions): Memory {
  const sources = createGate({ room: sourceBytes, ...options });
  const results = createGate({ room: resultBytes, ...options });
  return {
    open() {
      const [source, result] = [sources.open(), results.open()];
      return {
        source: source.hold,
        result: result.hold,
        release() {
          source.leave();
          result.leave();
        },
      };
    },
  };
}
