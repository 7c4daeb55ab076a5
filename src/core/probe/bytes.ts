import { ServiceError } from "../errors.ts";

/** The error for bytes that name a format but do not hold a whole picture of it. */
export function corrupt(got: string, options?: ErrorOptions): ServiceError {
  return new ServiceError("undecodable_image", `Expected a complete, valid picture for source, got ${got}`, options);
}

/**
 * Unsigned 8-bit integer.
 * @throws {ServiceError} `undecodable_image` past the end, as do all readers here.
 */
export function u8(bytes: Uint8Array, at: number): number {
  const value = bytes[at];
  if (value === undefined) throw corrupt("a header that ends early");
  return value;
}

/** Unsigned 16-bit integer, big-endian. */
export function u16be(bytes: Uint8Array, at: number): number {
  return u8(bytes, at) * 0x100 + u8(bytes, at + 1);
}

/** Unsigned 32-bit integer, big-endian. */
export function u32be(bytes: Uint8Array, at: number): number {
  return u16be(bytes, at) * 0x10000 + u16be(bytes, at + 2);
}

/** Unsigned 16-bit integer, little-endian. */
export function u16le(bytes: Uint8Array, at: number): number {
  return u8(bytes, at) + u8(bytes, at + 1) * 0x100;
}

/** Unsigned 24-bit integer, little-endian. */
export function u24le(bytes: Uint8Array, at: number): number {
  return u16le(bytes, at) + u8(bytes, at + 2) * 0x10000;
}

/** Unsigned 32-bit integer, little-endian. */
export function u32le(bytes: Uint8Array, at: number): number {
  return u16le(bytes, at) + u16le(bytes, at + 2) * 0x10000;
}

/** `length` bytes as Latin-1 text, fewer at the end of the data: for comparing with signatures. */
export function text(bytes: Uint8Array, at: number, length: number): string {
  let read = "";
  for (const end = Math.min(at + length, bytes.length); at < end; at++) read += String.fromCharCode(bytes[at] ?? 0);
  return read;
}
