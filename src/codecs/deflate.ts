import { concat } from "../core/bytes.ts";

type Writer = WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;

/** The parts as one zlib stream (RFC 1950); each is asked for when the one before it has been taken. */
export function deflate(parts: Iterable<Uint8Array<ArrayBuffer>>): Promise<Uint8Array> {
  const write = async (writer: Writer) => {
    for (const part of parts) await writer.write(part);
  };
  return transform(new CompressionStream("deflate"), write, Number.POSITIVE_INFINITY);
}

/** Becomes 16 MB at most: nothing is packed tighter than 1 to 1032. */
const PIECE_BYTES = 2 ** 14;

/** Inverse of {@link deflate}, to little more than `maxBytes`; undefined for damaged data. */
export async function inflate(data: Uint8Array, maxBytes: number): Promise<Uint8Array | undefined> {
  const write = async (writer: Writer, bytesRead: () => number) => {
    for (let at = 0; at < data.length && bytesRead() <= maxBytes; at += PIECE_BYTES) {
      await writer.write(new Uint8Array(data.subarray(at, at + PIECE_BYTES)));
      // workerd unpacks all that it is given, whether anybody reads or not.
      for (let before = -1; before < bytesRead(); await nextTurn()) before = bytesRead();
    }
  };
  try {
    return await transform(new DecompressionStream("deflate"), write, maxBytes);
  } catch {
    return undefined;
  }
}

/** Of the event loop; whoever has something to read has read it by then. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** What a stream makes of what is written; reading stops once it is more than `maxBytes`. */
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
