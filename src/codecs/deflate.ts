import { concat } from "./concat.ts";

/** The parts as one zlib stream (RFC 1950); each is asked for when the one before it has been taken. */
export function deflate(parts: Iterable<Uint8Array<ArrayBuffer>>): Promise<Uint8Array> {
  return transform(new CompressionStream("deflate"), parts, Number.POSITIVE_INFINITY);
}

/** Inverse of {@link deflate}, to little more than `maxBytes`; undefined for damaged data. */
export async function inflate(data: Uint8Array, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    return await transform(new DecompressionStream("deflate"), [new Uint8Array(data)], maxBytes);
  } catch {
    return undefined;
  }
}

/** What a stream makes of the parts; reading stops once it is more than `maxBytes`. */
async function transform(
  stream: CompressionStream | DecompressionStream,
  parts: Iterable<Uint8Array<ArrayBuffer>>,
  maxBytes: number,
): Promise<Uint8Array> {
  const writer = stream.writable.getWriter();
  // A failure to write shows as a failure to read.
  write(writer, parts)
    .catch((cause) => writer.abort(cause))
    .catch(() => {});
  const reader = stream.readable.getReader();
  const results: Uint8Array[] = [];
  for (let total = 0; total <= maxBytes; ) {
    const { done, value } = await reader.read();
    if (done) return concat(results);
    results.push(value);
    total += value.length;
  }
  await reader.cancel();
  return concat(results);
}

async function write(
  writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>,
  parts: Iterable<Uint8Array<ArrayBuffer>>,
): Promise<void> {
  for (const part of parts) await writer.write(part);
  await writer.close();
}
