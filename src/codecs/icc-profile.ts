import { be32, concat, latin1 } from "./concat.ts";

/** Name and data of each tag, the data whole with its type signature. */
export type IccTags = readonly (readonly [name: string, data: Uint8Array])[];

export const ICC_HEADER_BYTES = 128;

/** The white of the profile connection space, X, Y, Z as s15Fixed16. @see ICC.1:2022 section 7.2.16 */
export const D50 = [0xf6d6, 0x10000, 0xd32d] as const;

/** An RGB profile with this header, whose size, colour space and id are set. @see ICC.1:2022 section 7 */
export function rgbProfile(header: Uint8Array, tags: IccTags): Uint8Array {
  let at = ICC_HEADER_BYTES + 4 + 12 * tags.length;
  const table: Uint8Array[] = [be32(tags.length)];
  const bodies: Uint8Array[] = [];
  for (const [name, data] of tags) {
    const padded = concat([data, new Uint8Array(-data.length & 3)]);
    table.push(latin1(name), be32(at), be32(data.length));
    bodies.push(padded);
    at += padded.length;
  }
  const own = new Uint8Array(header.subarray(0, ICC_HEADER_BYTES));
  own.set(be32(at), 0);
  own.set(latin1("RGB "), 16);
  own.fill(0, 84, 100); // the id is a hash of all else
  return concat([own, ...table, ...bodies]);
}

/** X, Y and Z as s15Fixed16. @see ICC.1:2022 section 10.31 */
export function xyzTag(values: readonly number[]): Uint8Array {
  return concat([latin1("XYZ "), be32(0), ...values.map(be32)]);
}
