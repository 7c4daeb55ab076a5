import { be32, concat, latin1 } from "../core/bytes.ts";
import { BT709, D50, fixed, ICC_HEADER_BYTES, matrixTags, rgbProfile } from "./icc-profile.ts";

/** Bradford's matrices from the whites D65, C, equal energy and DCI to D50. */
const D65 = [1.047882, 0.022919, -0.050217, 0.029587, 0.990479, -0.017059, -0.009247, 0.015076, 0.751678];
const C = [1.037695, 0.01536, -0.058426, 0.016998, 1.005746, -0.018944, -0.012055, 0.020513, 0.689639];
const E = [0.997783, -0.004151, -0.029428, -0.009756, 1.018323, -0.008567, -0.007429, 0.013463, 0.818872];
const DCI = [1.073824, 0.038797, -0.036905, 0.055567, 0.963987, -0.014351, -0.004293, 0.005297, 0.862778];

const NTSC = [0.41629, 0.221678, 0.013649, 0.393194, 0.703282, 0.09133, 0.154712, 0.075062, 0.719929];

/** Primaries as {@link BT709} and their white's matrix: BT.470 M, BG, SMPTE 170M, 240M, film, BT.2020, XYZ, DCI and Display P3, EBU 3213. */
const PRIMARIES: ReadonlyMap<number, readonly [colours: readonly number[], adaptation: readonly number[]]> = new Map([
  [4, [[0.634466, 0.311002, -0.001184, 0.185134, 0.591487, 0.055507, 0.144603, 0.097511, 0.770583], C]],
  [5, [[0.455247, 0.232284, 0.014533, 0.367596, 0.70782, 0.104874, 0.14136, 0.059896, 0.705498], D65]],
  [6, [NTSC, D65]],
  [7, [NTSC, D65]],
  [8, [[0.565655, 0.264244, -0.001324, 0.253878, 0.685075, 0.054985, 0.144671, 0.05068, 0.771245], C]],
  [9, [[0.673459, 0.279033, -0.001931, 0.165661, 0.675338, 0.029979, 0.1251, 0.045629, 0.797162], D65]],
  [10, [[0.997783, -0.009756, -0.007429, -0.004151, 1.018323, 0.013463, -0.029428, -0.008567, 0.818872], E]],
  [11, [[0.486162, 0.226684, -0.000802, 0.323853, 0.710333, 0.043235, 0.154189, 0.062983, 0.782472], DCI]],
  [12, [[0.515102, 0.241182, -0.001049, 0.291965, 0.692236, 0.041882, 0.157153, 0.066582, 0.784378], D65]],
  [22, [[0.454269, 0.241899, 0.014891, 0.353317, 0.673652, 0.090624, 0.156617, 0.084449, 0.719391], D65]],
]);

/** Curves of BT.470 M and BG, SMPTE 240M, linear light, and ST 428-1, whose white is less than 1. */
const CURVES: ReadonlyMap<number, Uint8Array> = new Map([
  [4, parametric(0, [2.2])],
  [5, parametric(0, [2.8])],
  [7, parametric(3, [1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4, 0.0913])],
  [8, parametric(0, [1])],
  [17, parametric(1, [2.6, (52.37 / 48) ** (1 / 2.6), 0])],
]);
/** Video curves: browsers show such a PNG as on a video display (ITU-R BT.1886), but such an AVIF as sRGB. */
const VIDEO = new Set([1, 6, 11, 14, 15]);
const DISPLAY_CURVE = parametric(0, [2.4]);
/** @see IEC 61966-2-1 */
const SRGB_CURVE = parametric(3, [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045]);

/**
 * The profile of a colour space that a file names by numbers; undefined for sRGB and for any other that is shown as sRGB.
 *
 * @see ITU-T H.273 sections 8.1 and 8.2
 */
export function profileOfCicp(
  { primaries, transfer }: { primaries: number; transfer: number },
  format: "png" | "avif",
): Uint8Array | undefined {
  const isDisplayed = format === "png" && VIDEO.has(transfer);
  const [known, curve] = [PRIMARIES.get(primaries), isDisplayed ? DISPLAY_CURVE : CURVES.get(transfer)];
  if (known === undefined && curve === undefined) return undefined;
  const [colours, adaptation] = known ?? [BT709, D65];
  return rgbProfile(header(), [
    ["desc", unicode(`CICP ${primaries}/${transfer}`)],
    ["cprt", unicode("CC0")],
    ["chad", concat([latin1("sf32"), be32(0), ...adaptation.map(fixed)])],
    ...matrixTags(colours, curve ?? SRGB_CURVE),
  ]);
}

/** Header of a display profile, version 4.3. @see ICC.1:2022 section 7.2 */
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

/** A multi-localized text with one entry, in English. @see ICC.1:2022 section 10.15 */
function unicode(text: string): Uint8Array {
  const utf16 = latin1([...text].map((character) => `\0${character}`).join(""));
  return concat([latin1("mluc"), be32(0), be32(1), be32(12), latin1("enUS"), be32(utf16.length), be32(28), utf16]);
}
