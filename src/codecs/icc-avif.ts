import { readAvif } from "../core/probe/avif.ts";
import { text, u8, u32be } from "../core/probe/bytes.ts";
import { boxes, readAssociations } from "../core/probe/iso-bmff.ts";
import { be32, concat, latin1 } from "./concat.ts";

const RESTRICTED = "rICC";
const UNRESTRICTED = "prof";

/** The profile of the primary item's colr box. @see ISO/IEC 14496-12 section 12.1.5 */
export function readFromAvif(bytes: Uint8Array): Uint8Array | undefined {
  for (const { type, at, end } of readAvif(bytes).properties) {
    const kind = text(bytes, at, 4);
    if (type === "colr" && (kind === UNRESTRICTED || kind === RESTRICTED)) return bytes.subarray(at + 4, end);
  }
  return undefined;
}

/**
 * Adds a colr box to the primary item of an AVIF that one of our encoders wrote: a property at the end of ipco, its
 * index at the end of the item's list in ipma, and every offset behind them moved.
 */
export function embedInAvif(bytes: Uint8Array, icc: Uint8Array): Uint8Array {
  const { meta, iprp, ipco, ipma, primary, locations } = readAvif(bytes);
  const list = readAssociations(bytes, ipma, primary);
  const index = 1 + [...boxes(bytes, ipco.at, ipco.end)].length;
  if (!list || list.countAt < ipco.end || index > 0x7f)
    throw new TypeError("Expected a plain AVIF to put a profile into");

  const colr = concat([be32(12 + icc.length), latin1("colr"), latin1(UNRESTRICTED), icc]);
  const association = list.indexSize === 1 ? Uint8Array.of(index) : Uint8Array.of(0, index);
  const moved = (at: number): number =>
    at + (at >= ipco.end ? colr.length : 0) + (at >= list.end ? association.length : 0);
  const result = concat([
    bytes.subarray(0, ipco.end),
    colr,
    bytes.subarray(ipco.end, list.end),
    association,
    bytes.subarray(list.end),
  ]);

  for (const box of [meta, iprp, ipco, ipma]) result.set(be32(moved(box.end) - moved(box.start)), moved(box.start));
  result[moved(list.countAt)] = u8(bytes, list.countAt) + 1;
  for (const { method, extents } of locations) {
    if (method !== 0) continue;
    for (const { start, field } of extents) {
      if (field.size === 0) throw new TypeError("Expected an AVIF with offsets to put a profile into");
      // The low half of a 64-bit offset.
      const at = field.at + field.size - 4;
      result.set(be32(u32be(bytes, at) + moved(start) - start), moved(at));
    }
  }
  return result;
}
