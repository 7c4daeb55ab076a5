import { readAvif } from "../core/probe/avif.ts";
import { text, u8 } from "../core/probe/bytes.ts";
import { addAvifProperty } from "./avif-container.ts";
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

/** Whether the primary item is monochrome. @see AV1 Codec ISO Media File Format Binding section 2.3.3 */
export function isGreyAvif(bytes: Uint8Array): boolean {
  const av1C = readAvif(bytes).properties.find(({ type }) => type === "av1C");
  return av1C !== undefined && (u8(bytes, av1C.at + 2) & 0x10) !== 0;
}

/** Adds a colr box to the primary item of an AVIF that one of our encoders wrote. */
export function embedInAvif(bytes: Uint8Array, icc: Uint8Array): Uint8Array {
  return addAvifProperty(bytes, concat([be32(12 + icc.length), latin1("colr"), latin1(UNRESTRICTED), icc]));
}
