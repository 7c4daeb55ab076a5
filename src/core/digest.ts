/** SHA-256, 32 bytes. */
export async function sha256(bytes: Uint8Array): Promise<ArrayBuffer> {
  // The cast is needed because lib.dom excludes memory shared between threads, of which there is none here.
  return await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
}

/** SHA-256 as 64 lower-case hex digits; text is hashed as UTF-8. */
export async function sha256Hex(data: Uint8Array | string): Promise<string> {
  const digest = await sha256(typeof data === "string" ? new TextEncoder().encode(data) : data);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
