import { createGate, type Gate, type GateOptions, type Pass } from "./gate.ts";

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

const HEARTBEAT_MS = 1000;

/** Two rooms, so that nobody who holds a source waits for another who does. */
export function createMemory({ sourceBytes, resultBytes, ...options }: MemoryOptions): Memory {
  const sources = createGate({ room: sourceBytes, ...options });
  const results = createGate({ room: resultBytes, ...options });
  return {
    open() {
      const held = new Map<Gate, { readonly pass: Pass; bytes: number }>();
      // It stops with the request, also where nothing else of it runs to an end.
      let heartbeat: ReturnType<typeof setInterval> | undefined;
      const hold = async (gate: Gate, bytes: number) => {
        const holding = held.get(gate);
        if (holding === undefined) held.set(gate, { pass: await gate.enter(bytes), bytes });
        else if (bytes > holding.bytes) {
          await holding.pass.grow(bytes - holding.bytes);
          holding.bytes = bytes;
        }
        heartbeat ??= setInterval(() => {
          for (const { pass } of held.values()) pass.seen();
        }, HEARTBEAT_MS);
      };
      return {
        source: (bytes) => hold(sources, bytes),
        result: (bytes) => hold(results, bytes),
        release() {
          if (heartbeat !== undefined) clearInterval(heartbeat);
          for (const { pass } of held.values()) pass.leave();
        },
      };
    },
  };
}
