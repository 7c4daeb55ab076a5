import { corrupt, text, u8, u16be, u32be } from "./bytes.ts";

/** Far more boxes, items, extents and references than any picture has; more would only cost time and memory. */
const MAX_ITEMS = 4096;

/** A box; offsets count from the start of the file, `at` is where its body starts. @see ISO/IEC 14496-12 section 4.2 */
export interface Box {
  readonly type: string;
  readonly start: number;
  readonly at: number;
  readonly end: number;
}

/** What holds boxes: another box or a file. */
export type Span = Pick<Box, "at" | "end">;

/** The boxes within a box or a file. */
export function* boxes(bytes: Uint8Array, { at, end }: Span): Generator<Box> {
  for (let next = at, count = 1; next < end; count++) {
    if (count > MAX_ITEMS) throw corrupt(`an AVIF of more than ${MAX_ITEMS} boxes`);
    const box = readBox(bytes, next, end);
    yield box;
    next = box.end;
  }
}

function readBox(bytes: Uint8Array, start: number, limit: number): Box {
  let at = start + 8;
  let size = u32be(bytes, start);
  if (size === 0) size = limit - start;
  else if (size === 1) {
    size = u32be(bytes, start + 8) * 2 ** 32 + u32be(bytes, start + 12);
    at += 8;
  }
  if (start + size > limit || start + size < at) throw corrupt("an AVIF that ends within a box");
  return { type: text(bytes, start + 4, 4), start, at, end: start + size };
}

/** The first box of a type; all of the {@link boxes} are checked. */
export function findBox(bytes: Uint8Array, type: string, within: Span): Box | undefined {
  let found: Box | undefined;
  for (const box of boxes(bytes, within)) if (box.type === type) found ??= box;
  return found;
}

/** The fields of a full box, which come after its version and flags. @see ISO/IEC 14496-12 section 4.2 */
export function afterVersion({ at, end }: Box): Span {
  return { at: at + 4, end };
}

/** Version of a full box. */
function version(bytes: Uint8Array, box: Box): number {
  return u8(bytes, box.at);
}

/** Where an item's bytes are; `method` 0 = offsets in the file. @see ISO/IEC 14496-12 section 8.11.3 */
export interface ItemLocation {
  readonly id: number;
  readonly method: number;
  readonly extents: readonly Extent[];
}

interface Extent {
  readonly start: number;
  readonly length: number;
  /** Where in the file the offset is written, and in how many bytes (0, 4 or 8): for moving the data. */
  readonly field: { readonly at: number; readonly size: number };
}

/** Where each item is. @see ISO/IEC 14496-12 section 8.11.3 */
export function readLocations(bytes: Uint8Array, iloc: Box): ItemLocation[] {
  const kind = version(bytes, iloc);
  let at = iloc.at + 4;
  const number = (size: number): number => {
    if (at + size > iloc.end) throw corrupt("an AVIF with a damaged iloc box");
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + u8(bytes, at + i);
    at += size;
    return value;
  };
  const sizes = number(2);
  const [offsetSize, lengthSize, baseSize] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15];
  const indexSize = kind === 0 ? 0 : sizes & 15;
  const locations: ItemLocation[] = [];
  let total = 0;
  for (let items = number(kind < 2 ? 2 : 4); items > 0; items--) {
    const id = number(kind < 2 ? 2 : 4);
    const method = kind === 0 ? 0 : number(2) & 15;
    number(2); // data_reference_index
    const baseField = { at, size: baseSize };
    const base = number(baseSize);
    const count = number(2);
    total += 1 + count;
    if (total > MAX_ITEMS) throw corrupt(`an AVIF of more than ${MAX_ITEMS} items`);
    const extents: Extent[] = [];
    for (let i = 0; i < count; i++) {
      number(indexSize);
      const field = offsetSize > 0 ? { at, size: offsetSize } : baseField;
      const start = base + number(offsetSize);
      extents.push({ start, length: number(lengthSize), field });
    }
    locations.push({ id, method, extents });
  }
  return locations;
}

/** Item id of the primary item. @see ISO/IEC 14496-12 section 8.11.4 */
export function readPrimary(bytes: Uint8Array, pitm: Box): number {
  return version(bytes, pitm) === 0 ? u16be(bytes, pitm.at + 4) : u32be(bytes, pitm.at + 4);
}

/** An item that refers to others. */
export interface Reference {
  readonly from: number;
  readonly to: readonly number[];
}

/** All references of a type. @see ISO/IEC 14496-12 section 8.11.12 */
export function readReferences(bytes: Uint8Array, iref: Box, type: string): Reference[] {
  const [id, size] = version(bytes, iref) === 0 ? [u16be, 2] : [u32be, 4];
  const references: Reference[] = [];
  let total = 0;
  for (const box of boxes(bytes, afterVersion(iref))) {
    if (box.type !== type) continue;
    const first = box.at + size + 2;
    const count = u16be(bytes, first - 2);
    total += count;
    if (total > MAX_ITEMS) throw corrupt(`an AVIF of more than ${MAX_ITEMS} references`);
    if (first + count * size > box.end) throw corrupt("an AVIF with a damaged iref box");
    const to = Array.from({ length: count }, (_, i) => id(bytes, first + i * size));
    references.push({ from: id(bytes, box.at), to });
  }
  return references;
}

/** Type of each item. Ids must be unique, as decoders differ in which duplicate they take. @see ISO/IEC 14496-12 section 8.11.6 */
export function readItemTypes(bytes: Uint8Array, iinf: Box): Map<number, string> {
  const types = new Map<number, string>();
  for (const entry of boxes(bytes, { at: iinf.at + (version(bytes, iinf) === 0 ? 6 : 8), end: iinf.end })) {
    const wide = version(bytes, entry) >= 3;
    const id = wide ? u32be(bytes, entry.at + 4) : u16be(bytes, entry.at + 4);
    if (types.size === MAX_ITEMS) throw corrupt(`an AVIF of more than ${MAX_ITEMS} items`);
    if (types.has(id)) throw corrupt("an AVIF with two items of one id");
    types.set(id, text(bytes, entry.at + (wide ? 10 : 8), 4));
  }
  return types;
}

/** The properties of one item: their one-based indices, and where in the file the list is. */
export interface Associations {
  readonly indices: readonly number[];
  /** Offset of the one-byte count of indices; the list ends at `end`. */
  readonly countAt: number;
  readonly end: number;
  /** Bytes an index is written in. */
  readonly indexSize: 1 | 2;
}

/** Finds the properties of an item. @see ISO/IEC 23008-12 section 9.3 */
export function readAssociations(bytes: Uint8Array, ipma: Box, item: number): Associations | undefined {
  const wideId = version(bytes, ipma) > 0;
  const indexSize = u8(bytes, ipma.at + 3) & 1 ? 2 : 1;
  let at = ipma.at + 8;
  const entries = u32be(bytes, ipma.at + 4);
  if (entries > MAX_ITEMS) throw corrupt(`an AVIF of more than ${MAX_ITEMS} items`);
  for (let entry = 0; entry < entries; entry++) {
    const id = wideId ? u32be(bytes, at) : u16be(bytes, at);
    const countAt = at + (wideId ? 4 : 2);
    const first = countAt + 1;
    at = first + indexSize * u8(bytes, countAt);
    if (id !== item) continue;
    const indices: number[] = [];
    // The top bit says that the property is essential.
    for (let i = first; i < at; i += indexSize)
      indices.push(indexSize === 2 ? u16be(bytes, i) & 0x7fff : u8(bytes, i) & 0x7f);
    return { indices, countAt, end: at, indexSize };
  }
  return undefined;
}
