import { be32, concat, latin1 } from "../core/bytes.ts";

/** Name and data of each tag; the data include the type signature. */
type IccTags = readonly (readonly [name: string, data: Uint8Array])[];

export const ICC_HEADER_BYTES = 128;

/** The white of the profile connection space, X, Y, Z as s15Fixed16. @see ICC.1:2022 section 7.2.16 */
export const D50 = [0xf6d6, 0x10000, 0xd32d] as const;

/** An RGB profile of this header, whose size, colour spaces and id are replaced, and these tags. @see ICC.1:2022 section 7 */
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
  own.set(latin1("RGB XYZ "), 16);
  own.fill(0, 84, 100); // the id is a hash of the rest
  return concat([own, ...table, ...bodies]);
}

/** Red, green and blue of BT.709 and sRGB: X, Y, Z of each, adapted to D50. */
export const BT709 = [
  0.436066, 0.222488, 0.013916, 0.385147, 0.716873, 0.097076, 0.143066, 0.060608, 0.714096,
] as const;

/** The tags of a profile with three primaries, as in {@link BT709}, and one curve. @see ICC.1:2022 section 8.3.3 */
export function matrixTags(primaries: readonly number[], curve: Uint8Array): IccTags {
  const xyz = (values: readonly Uint8Array[]) => concat([latin1("XYZ "), be32(0), ...values]);
  return [
    ["wtpt", xyz(D50.map(be32))],
    ...["r", "g", "b"].flatMap((colour, i) => [
      [`${colour}XYZ`, xyz(primaries.slice(3 * i, 3 * i + 3).map(fixed))] as const,
      [`${colour}TRC`, curve] as const,
    ]),
  ];
}

/** Encodes a number as s15Fixed16. @see ICC.1:2022 section 4.6 */
export function fixed(value: number): Uint8Array {
  return be32(Math.round(value * 65_536));
}
