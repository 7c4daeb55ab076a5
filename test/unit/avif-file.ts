import { be32, concat, latin1 } from "../../src/core/bytes.ts";

/** An item of an AVIF; its id is its position in the list, from 1. */
interface AvifItem {
  readonly type: string;
  readonly data: Uint8Array;
  /** Indices into the list of properties, from 1; bit 0x80 marks an essential property. */
  readonly properties: readonly number[];
  /** Where iloc looks for the data: 0 (the default) in the file, 1 in idat, 2 in another item. */
  readonly method?: 0 | 1 | 2;
  /** Offset at which the data is split into two extents. */
  readonly cut?: number;
}

interface AvifParts {
  /** The first one is the primary item. */
  readonly items: readonly AvifItem[];
  readonly properties: readonly Uint8Array[];
  readonly references?: readonly Uint8Array[];
  /** Whether property indices take two bytes each. */
  readonly wide?: boolean;
  /** Entries of iinf beyond its count. */
  readonly uncounted?: readonly Uint8Array[];
}

/** Assembles a still AVIF from its parts. @see ISO/IEC 23008-12 */
export function avifFile({ items, properties, references = [], wide = false, uncounted = [] }: AvifParts): Uint8Array {
  const count = be16(items.length);
  const entries = items.map(({ type }, i) => infe(i + 1, type));
  const place = (at: number) => (wide ? be16(((at & 0x80) << 8) | (at & 0x7f)) : Uint8Array.of(at));
  const associations = items.map(({ properties: of }, i) =>
    concat([be16(i + 1), Uint8Array.of(of.length), ...of.map(place)]),
  );
  const meta = (start: number): Uint8Array => {
    const next = [start, 0, 0];
    const locations = items.map(({ data, method = 0, cut }, i) => {
      const at = next[method] ?? 0;
      next[method] = at + data.length;
      const lengths = cut === undefined ? [data.length] : [cut, data.length - cut];
      const extents = lengths.flatMap((length, part) => [be32(at + part * (cut ?? 0)), be32(length)]);
      return concat([be16(i + 1), be16(method), be16(0), be16(lengths.length), ...extents]);
    });
    return box(
      "meta",
      be32(0),
      box("hdlr", be32(0), be32(0), latin1("pict"), new Uint8Array(13)),
      box("pitm", be32(0), be16(1)),
      box("iinf", be32(0), count, ...entries, ...uncounted),
      box("iref", be32(0), ...references),
      box("iloc", be32(1 << 24), be16(0x4400), count, ...locations),
      box("iprp", box("ipco", ...properties), box("ipma", be32(wide ? 1 : 0), be32(items.length), ...associations)),
      // libavif refuses an empty idat.
      ...(dataOf(1).length > 0 ? [box("idat", ...dataOf(1))] : []),
    );
  };
  const dataOf = (place: number) => items.filter(({ method = 0 }) => method === place).map(({ data }) => data);
  const ftyp = box("ftyp", latin1("avif\0\0\0\0mif1avifmiaf"));
  return concat([ftyp, meta(ftyp.length + meta(0).length + 8), box("mdat", ...dataOf(0))]);
}

/** An entry of iinf. */
export function infe(id: number, type: string): Uint8Array {
  return box("infe", be32(2 << 24), be16(id), be16(0), latin1(`${type}\0`));
}

/** A reference in iref, from one item to others. */
export function reference(type: string, from: number, ...to: number[]): Uint8Array {
  return box(type, be16(from), be16(to.length), ...to.map(be16));
}

export function ispe(width: number, height: number): Uint8Array {
  return box("ispe", be32(0), be32(width), be32(height));
}

export function box(type: string, ...parts: Uint8Array[]): Uint8Array {
  const body = concat(parts);
  return concat([be32(8 + body.length), latin1(type), body]);
}

export function be16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value);
}
