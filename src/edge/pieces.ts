const PIECE_BYTES = 65_536;

/**
 * A body in pieces of 64 KiB and what is left. A server may send it byte by byte: by a plain read, each would come in a buffer of
 * 4 KiB, and no timer would run between those at hand.
 */
export async function* pieces(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader({ mode: "byob" });
  for (;;) {
    const { done, value } = await reader.readAtLeast(PIECE_BYTES, new Uint8Array(PIECE_BYTES));
    if (value) yield value;
    if (done) return;
  }
}
