import { createGate, type GateOptions } from "./gate.ts";

/**
 * The files that requests hold in the isolate's memory: together no more than the limits allow one of them, and what the
 * first of them still needs; small ones beside.
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

/** Of the room for sources: what is smaller, and how much there may be of it beside. */
const [SMALL, SMALL_ROOM] = [1 / 80, 1 / 5];

/**
 * A room for results, so that nobody who holds a source waits for another who does; and one for small sources: large ones are held as long as
 * an origin computes, and these are made here meanwhile.
 */
export function createMemory({ sourceBytes, resultBytes, ...options }: MemoryOptions): Memory {
  const smalls = createGate({ room: SMALL_ROOM * sourceBytes, ...options });
  const sources = createGate({ room: sourceBytes, ...options });
  const results = createGate({ room: resultBytes, ...options });
  return {
    open() {
      const [small, source, result] = [smalls.open(), sources.open(), results.open()];
      return {
        async source(bytes) {
          if (bytes <= SMALL * sourceBytes) return await small.hold(bytes);
          await source.hold(bytes);
          small.leave();
        },
        result: result.hold,
        release() {
          for (const place of [small, source, result]) place.leave();
        },
      };
    },
  };
}
