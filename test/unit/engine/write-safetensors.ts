import type { Safetensors } from "../../../src/engine/safetensors.ts";

/** Inverse of `readSafetensors`; the same tensors in the same order give the same bytes. */
export function writeSafetensors({ tensors, metadata }: Safetensors): Uint8Array {
  let end = 0;
  const entries = Array.from(tensors, ([name, { dtype, shape, data }]) => {
    const from = end;
    end += data.byteLength;
    return [name, { dtype, shape, data_offsets: [from, end] }] as const;
  });
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  // The format requires the data to be aligned to 8 bytes; spaces pad the header.
  const header = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8));
  const bytes = new Uint8Array(8 + header.length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  let at = 8 + header.length;
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}
