/** base64url without padding (RFC 4648 §5). */
export function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (character) => TO_URL[character] ?? "");
}

/** Inverse of {@link toBase64Url}; undefined where it could not have written the text. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return undefined;
  const binary = atob(text.replace(/[-_]/g, (character) => (character === "-" ? "+" : "/")));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return toBase64Url(bytes) === text ? bytes : undefined;
}

const TO_URL: Readonly<Record<string, string>> = { "+": "-", "/": "_" };
