import { be32, concat, latin1 } from "../core/bytes.ts";
import { codedColours, readAvif } from "../core/probe/avif.ts";
import { text, u8, u16be } from "../core/probe/bytes.ts";
import { addAvifProperty } from "./avif-container.ts";
import { profileOfCicp } from "./cicp.ts";

const RESTRICTED = "rICC";
const UNRESTRICTED = "prof";

/**
 * The profile in the primary item's colr boxes, else one made from the numbers there, else from the numbers in its data.
 * @see ISO/IEC 14496-12 section 12.1.5; AV1 Codec ISO Media File Format Binding section 2.3.4
 */
export function readFromAvif(bytes: Uint8Array): Uint8Array | undefined {
  const items = readAvif(bytes);
  const colours = items.properties.filter(({ type }) => type === "colr");
  const ofKind = (...kinds: string[]) => colours.find(({ at }) => kinds.includes(text(bytes, at, 4)));
  const profile = ofKind(UNRESTRICTED, RESTRICTED);
  if (profile) return bytes.subarray(profile.at + 4, profile.end);
  const numbers = ofKind("nclx");
  if (numbers)
    return profileOfCicp({ primaries: u16be(bytes, numbers.at + 4), transfer: u16be(bytes, numbers.at + 6) }, "avif");
  const coded = codedColours(bytes, items);
  return coded && profileOfCicp(coded, "avif");
}

/** Whether the picture is monochrome. @see AV1 Codec ISO Media File Format Binding section 2.3.3 */
export function isGreyAvif(bytes: Uint8Array): boolean {
  const { av1C } = readAvif(bytes);
  return av1C !== undefined && (u8(bytes, av1C.at + 2) & 0x10) !== 0;
}

/** Adds a colr box to the primary item of an AVIF that one of our encoders wrote. */
export function embedInAvif(bytes: Uint8Array, icc: Uint8Array): Uint8Array {
  return addAvifProperty(bytes, concat([be32(12 + icc.length), latin1("colr"), latin1(UNRESTRICTED), icc]));
}
