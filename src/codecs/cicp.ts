import { ServiceError } from "../core/errors.ts";
import { be32, concat, latin1 } from "./concat.ts";
import { BT709, D50, fixed, ICC_HEADER_BYTES, matrixTags, rgbProfile } from "./icc-profile.ts";

/** Of BT.2020 and Display P3, as {@link BT709}. */
const WIDE: ReadonlyMap<number, readonly number[]> = new Map([
  [9, [0.673459, 0.279033, -0.001931, 0.165661, 0.675338, 0.029979, 0.1251, 0.045629, 0.797162]],
  [12, [0.515102, 0.241182, -0.001049, 0.291965, 0.692236, 0.041882, 0.157153, 0.066582, 0.784378]],
]);

/** What takes D65, the white of all of them, to D50: Bradford's matrix. */
const ADAPTATION = [1.047882, 0.022919, -0.050217, 0.029587, 0.990479, -0.017059, -0.009247, 0.015076, 0.751678];

/** The curves that are powers alone: of BT.470 M and BG, and linear light. */
const GAMMA: ReadonlyMap<number, number> = new Map([
  [4, 2.2],
  [5, 2.8],
  [8, 1],
]);
/** @see IEC 61966-2-1; video's curves, which are made for its displays, are taken for it. */
const SRGB_CURVE = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045];

/** PQ and HLG. */
const HIGH_DYNAMIC_RANGE = [16, 18];

/**
 * The profile of a colour space that a file names by numbers; undefined for sRGB and whatever else is shown as that.
 *
 * @throws {ServiceError} `unsupported_format` for one of high dynamic range: no profile would show it as it is meant.
 * @see ITU-T H.273 sections 8.1 and 8.2
 */
export function profileOfCicp(primaries: number, transfer: number): Uint8Array | undefined {
  if (HIGH_DYNAMIC_RANGE.includes(transfer)) {
    const curve = transfer === 16 ? "PQ" : "HLG";
    throw new ServiceError("unsupported_format", `Expected standard dynamic range for source, got ${curve}`);
  }
  const [colours, gamma] = [WIDE.get(primaries), GAMMA.get(transfer)];
  if (colours === undefined && gamma === undefined) return undefined;
  const curve = gamma === undefined ? parametric(3, SRGB_CURVE) : parametric(0, [gamma]);
  return rgbProfile(header(), [
    ["desc", unicode(`CICP ${primaries}/${transfer}`)],
    ["cprt", unicode("CC0")],
    ["chad", concat([latin1("sf32"), be32(0), ...ADAPTATION.map(fixed)])],
    ...matrixTags(colours ?? BT709, curve),
  ]);
}

/** Of a display, version 4.3. @see ICC.1:2022 section 7.2 */
function header(): Uint8Array {
  const bytes = new Uint8Array(ICC_HEADER_BYTES);
  bytes.set(be32(0x04300000), 8);
  bytes.set(latin1("mntr    XYZ "), 12);
  bytes.set([7, 0xe8, 0, 1, 0, 1], 24); // the first of January 2024: any date will do
  bytes.set(latin1("acsp"), 36);
  bytes.set(concat(D50.map(be32)), 68);
  return bytes;
}

/** @see ICC.1:2022 section 10.18 */
function parametric(kind: number, parameters: readonly number[]): Uint8Array {
  return concat([latin1("para"), be32(0), be32(kind << 16), ...parameters.map(fixed)]);
}

/** One text, in English. @see ICC.1:2022 section 10.15 */
function unicode(text: string): Uint8Array {
  const utf16 = latin1([...text].map((character) => `\0${character}`).join(""));
  return concat([latin1("mluc"), be32(0), be32(1), be32(12), latin1("enUS"), be32(utf16.length), be32(28), utf16]);
}
