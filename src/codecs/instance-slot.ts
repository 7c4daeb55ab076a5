/** A started codec and its memory. */
export interface Running<Run> {
  readonly run: Run;
  /** Must not be used again, as its result may contain parts of an earlier one. */
  readonly once?: boolean;
  readonly memory: { readonly buffer: { readonly byteLength: number } };
}

/** WebAssembly memory never shrinks: an instance that needed more than this is not kept. */
const MAX_KEPT_BYTES = 24 * 2 ** 20;

/** Runs codecs, keeping at most one instance alive, and only while it is sound. */
type InstanceSlot<Key, Run> = <Result>(
  key: Key,
  start: () => Promise<Running<Run>>,
  use: (run: Run) => Result,
) => Promise<Result>;

/**
 * An instance that has thrown leaks and soon dies, so it is taken out of the slot while it runs, and put back only when
 * it returned. `use` runs synchronously: two calls that both had to start an instance each use their own.
 */
export function createInstanceSlot<Key, Run>(): InstanceSlot<Key, Run> {
  let kept: { key: Key; running: Running<Run> } | undefined;
  return async (key, start, use) => {
    const idle = kept?.key === key ? kept.running : undefined;
    kept = undefined;
    const running = idle ?? (await start());
    const result = use(running.run);
    if (!running.once && running.memory.buffer.byteLength <= MAX_KEPT_BYTES) kept = { key, running };
    return result;
  };
}
