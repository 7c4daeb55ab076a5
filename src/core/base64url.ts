import { decodeBase64Url, encodeBase64Url } from "hono/utils/encode";

/** base64url without padding (RFC 4648 §5). */
export function toBase64Url(bytes: Uint8Array): string {
  return encodeBase64Url(new Uint8Array(bytes).buffer).replace(/=+$/, "");
}

/** Inverse of {@link toBase64Url}; undefined for text that it would not write. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return undefined;
  const bytes = decodeBase64Url(text);
  return toBase64Url(bytes) === text ? bytes : undefined;
}
