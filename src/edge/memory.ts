import { createGate, type GateOptions, type Guest } from "./gate.ts";

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

/** Up to this share of the room for sources a source is small. */
const SMALL = 1 / 80;

/** All small ones together may hold this share beside. */
const SMALL_ROOM = 1 / 5;

/**
 * A room for results, so that nobody who holds a source waits for another who does. And one for sources that are small and say so: large ones
 * are held as long as an origin computes, and the others are made here meanwhile.
 */
export function createMemory({ sourceBytes, resultBytes, ...options }: MemoryOptions): Memory {
  const smalls = createGate({ room: SMALL_ROOM * sourceBytes, ...options });
  const sources = createGate({ room: sourceBytes, ...options });
  const results = createGate({ room: resultBytes, ...options });
  return {
    open() {
      const [small, source, result] = [smalls.open(), sources.open(), results.open()];
      let guest: Guest | undefined;
      return {
        async source(bytes) {
          const isSmall = bytes > 0 && bytes <= SMALL * sourceBytes;
          guest ??= isSmall ? small : source;
          if (guest === small && !isSmall) {
            // It is more than it said.
            small.leave();
            guest = source;
          }
          await guest.hold(bytes);
        },
        result: result.hold,
        release() {
          for (const each of [small, source, result]) each.leave();
        },
      };
    },
  };
}
