const PIECE_BYTES = 65_536;

/**
 * Yields a body in pieces of 64 KiB, the last one shorter. A server may send single bytes: a plain read would return each
 * in a buffer of 4 KiB, and no timer would run between those that have already arrived.
 */
export async function* pieces(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader({ mode: "byob" });
  for (;;) {
    const { done, value } = await reader.readAtLeast(PIECE_BYTES, new Uint8Array(PIECE_BYTES));
    if (value) yield value;
    if (done) return;
  }
}
