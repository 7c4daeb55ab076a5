/** Secrets for HMAC-SHA256 (RFC 2104) by id: the first signs, all verify, so that one can be replaced while in use. */
export interface Keyring {
  /** Id of the key that signs. */
  readonly id: string;
  /** 32 bytes. */
  sign(message: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Compares in constant time; false if the id is unknown. */
  verify(id: string, message: string, signature: Uint8Array<ArrayBuffer>): Promise<boolean>;
}

const ENTRY = /^([A-Za-z0-9_-]{1,32}):([\x21-\x7e]{16,})$/;
const HMAC = { name: "HMAC", hash: "SHA-256" } as const;

/**
 * Reads `id:secret[,id:secret…]`: ids of 1 to 32 letters, digits, `_`, `-`; secrets of 16 printable characters or more.
 *
 * @param name - where the text comes from, for error messages.
 * @throws {TypeError} that says which entry is wrong, never with the secret in it.
 */
export function parseKeyring(text: string, name: string): Keyring {
  const secrets = new Map<string, string>();
  for (const [i, entry] of text.split(",").entries()) {
    const [, id, secret] = ENTRY.exec(entry.trim()) ?? [];
    if (id === undefined || secret === undefined) {
      const what =
        "id:secret, an id of up to 32 letters, digits, _ or - and a secret of 16 printable characters or more,";
      throw new TypeError(`Expected ${what} for key ${i + 1} of ${name}`);
    }
    if (secrets.has(id)) throw new TypeError(`Expected each key id once for ${name}, got ${id} again`);
    secrets.set(id, secret);
  }
  const [[id, first] = ["", ""]] = secrets;
  const encoder = new TextEncoder();
  const keys = new Map<string, CryptoKey>();

  async function keyOf(secret: string): Promise<CryptoKey> {
    const raw = encoder.encode(secret);
    const key = keys.get(secret) ?? (await crypto.subtle.importKey("raw", raw, HMAC, false, ["sign", "verify"]));
    keys.set(secret, key);
    return key;
  }

  return {
    id,
    async sign(message) {
      return new Uint8Array(await crypto.subtle.sign("HMAC", await keyOf(first), encoder.encode(message)));
    },
    async verify(name, message, signature) {
      const secret = secrets.get(name);
      if (secret === undefined) return false;
      return await crypto.subtle.verify("HMAC", await keyOf(secret), signature, encoder.encode(message));
    },
  };
}
