import { createGate, type GateOptions, type Guest } from "./gate.ts";

/**
 * Bounds the files that requests hold in the isolate's memory: together at most what the limits allow a single request,
 * plus what the first of them still needs. Small files have room of their own.
 */
export interface Memory {
  open(): Holding;
}

/** The files of one request. Reserving waits for room. @throws {ServiceError} `overloaded` after waiting in vain */
export interface Holding {
  /** Reserves room for the source, `bytes` in total. */
  source(bytes: number): Promise<void>;
  /** Reserves room for a result that was made elsewhere, `bytes` in total. */
  result(bytes: number): Promise<void>;
  /** Gives the room back when the request is over. */
  release(): void;
}

interface MemoryOptions extends Omit<GateOptions, "room"> {
  readonly sourceBytes: number;
  readonly resultBytes: number;
}

/** A source is small up to this share of the room for sources. */
const SMALL = 1 / 80;

/** All small sources together may hold this share in addition. */
const SMALL_ROOM = 1 / 5;

/**
 * Results have their own room, so that a holder of a source does not wait for room that another source takes. So do sources
 * that announce a small size: large ones are held while an origin computes, and small ones are computed here meanwhile.
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
            // The source is larger than announced.
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
