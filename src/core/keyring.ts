/** Secrets for HMAC-SHA256 (RFC 2104) by id: the first signs, each verifies, so that one can be replaced while in use. */
export interface Keyring {
  /** Id of the key that signs. */
  readonly id: string;
  /** 32 bytes. */
  sign(message: string): Promise<Uint8Array<ArrayBuffer>>;
  /** In constant time; false where the id is unknown. */
  verify(id: string, message: string, signature: Uint8Array<ArrayBuffer>): Promise<boolean>;
}

const ENTRY = /^([A-Za-z0-9_-]{1,32}):([\x21-\x2b\x2d-\x7e]{16,})$/;
const HMAC = { name: "HMAC", hash: "SHA-256" } as const;

/**
 * Reads `id:secret[,id:secret…]`: ids of 1 to 32 letters, digits, `_`, `-`; secrets of 16 printable characters or more.
 *
 * @throws {TypeError} that says where, never with the secret in it.
 */
export async function parseKeyring(text: string): Promise<Keyring> {
  const entries = text.split(",").map((entry, i) => {
    const [, id, secret] = ENTRY.exec(entry.trim()) ?? [];
    if (id === undefined || secret === undefined) {
      throw new TypeError(`Expected id:secret of 16 characters or more for key ${i + 1}`);
    }
    return { id, secret };
  });
  const encoder = new TextEncoder();
  const keys = new Map<string, CryptoKey>();
  for (const { id, secret } of entries) {
    if (keys.has(id)) throw new TypeError(`Expected each key id once, got ${id} again`);
    keys.set(id, await crypto.subtle.importKey("raw", encoder.encode(secret), HMAC, false, ["sign", "verify"]));
  }
  const [first] = keys;
  if (first === undefined) throw new TypeError("Expected at least one key");
  const [id, signing] = first;
  return {
    id,
    sign: async (message) => new Uint8Array(await crypto.subtle.sign("HMAC", signing, encoder.encode(message))),
    async verify(keyId, message, signature) {
      const key = keys.get(keyId);
      return key !== undefined && (await crypto.subtle.verify("HMAC", key, signature, encoder.encode(message)));
    },
  };
}
