import { move, transferableSymbol, valueSymbol } from "piscina";
import type { Rgb } from "../core/image.ts";

/** Lets a thread answer with `value` and transfer the memory of `parts` instead of copying it. */
export function moving<T>(value: T, parts: readonly (Rgb | { readonly data: Uint8Array })[]): T {
  const answer = { [transferableSymbol]: parts.map(bufferOf), [valueSymbol]: value };
  // Piscina unpacks it on the other side.
  return move(answer as Parameters<typeof move>[0]) as T;
}

/** The buffer of a tile or of bytes, which must fill it. */
export function bufferOf({ data }: { readonly data: Uint8Array | Uint8ClampedArray }): ArrayBuffer {
  // The cast is for lib.es, which includes memory shared between threads; there is none here.
  return data.buffer as ArrayBuffer;
}
