import { concat } from "../core/bytes.ts";
import { ServiceError } from "../core/errors.ts";

/** Waits until there is room for this many bytes in total. @throws {ServiceError} `overloaded` */
export type Reserve = (bytes: number) => Promise<void>;

type Body = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Reads a source of at most `maxBytes` that another server sends. The announced length may save reading it; what counts are
 * the bytes that arrive.
 *
 * @throws {ServiceError} `source_too_large`
 */
export async function readSource(
  { headers, body }: { headers: Headers; body: Body | null },
  maxBytes: number,
  reserve: Reserve = async () => {},
): Promise<Uint8Array<ArrayBuffer>> {
  const announced = Number(headers.get("Content-Length")) || 0;
  checkSize(announced, maxBytes);
  await reserve(announced);
  const chunks: Uint8Array[] = [];
  let size = 0;
  // The cast is needed because lib.dom does not know that a stream can be iterated.
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    checkSize(size, maxBytes);
    if (size > announced) await reserve(size);
    chunks.push(chunk);
  }
  return concat(chunks);
}

/** @throws {ServiceError} `source_too_large` */
export function checkSize(actual: number, limit: number): void {
  if (actual <= limit) return;
  const detail = { limit, actual, unit: "bytes" };
  throw new ServiceError("source_too_large", `Expected at most ${limit} bytes for source, got ${actual}`, { detail });
}
