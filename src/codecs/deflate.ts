import { concat } from "../core/bytes.ts";

type Writer = WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;

/** Packs the parts into one zlib stream (RFC 1950), requesting each once the one before it has been consumed. */
export function deflate(parts: Iterable<Uint8Array<ArrayBuffer>>): Promise<Uint8Array> {
  const write = async (writer: Writer) => {
    for (const part of parts) await writer.write(part);
  };
  return transform(new CompressionStream("deflate"), write, Number.POSITIVE_INFINITY);
}

/** Unpacks to 16 MB at most: deflate packs no tighter than 1032 to 1. */
const PIECE_BYTES = 2 ** 14;

/** Inverse of {@link deflate}; stops soon after `maxBytes`. Undefined for damaged data. */
export async function inflate(data: Uint8Array, maxBytes: number): Promise<Uint8Array | undefined> {
  const write = async (writer: Writer, bytesRead: () => number) => {
    for (let at = 0; at < data.length && bytesRead() <= maxBytes; at += PIECE_BYTES) {
      await writer.write(new Uint8Array(data.subarray(at, at + PIECE_BYTES)));
      // workerd unpacks everything it is given, whether anyone reads it or not.
      for (let before = -1; before < bytesRead(); await nextTurn()) before = bytesRead();
    }
  };
  try {
    return await transform(new DecompressionStream("deflate"), write, maxBytes);
  } catch {
    return undefined;
  }
}

/** Waits for one turn of the event loop; by then readers have read whatever there is. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Collects what a stream makes of what is written to it; stops reading once that exceeds `maxBytes`. */
async function transform(
  stream: CompressionStream | DecompressionStream,
  write: (writer: Writer, bytesRead: () => number) => Promise<void>,
  maxBytes: number,
): Promise<Uint8Array> {
  const writer = stream.writable.getWriter();
  let total = 0;
  // A failure to write shows as a failure to read.
  write(writer, () => total)
    .then(() => writer.close())
    .catch((cause) => writer.abort(cause))
    .catch(() => {});
  const reader = stream.readable.getReader();
  const results: Uint8Array[] = [];
  while (total <= maxBytes) {
    const { done, value } = await reader.read();
    if (done) return concat(results);
    results.push(value);
    total += value.length;
  }
  await reader.cancel();
  return concat(results);
}
