import { concat } from "../bytes.ts";
import { ServiceError } from "../errors.ts";
import type { Rect, Size } from "../image.ts";
import { type Av1Colours, type Av1Stream, readAv1 } from "./av1.ts";
import { corrupt, text, u8, u16be, u32be } from "./bytes.ts";
import { checkTransfer } from "./cicp.ts";
import {
  afterVersion,
  type Box,
  boxes,
  findBox,
  type ItemLocation,
  type Reference,
  readAssociations,
  readItemTypes,
  readLocations,
  readPrimary,
  readReferences,
  type Span,
} from "./iso-bmff.ts";
import type { Orientation, Probe } from "./probe-result.ts";

/** The parts of an AVIF that describe its primary picture. */
export interface AvifItems {
  readonly meta: Box;
  /** Data within the header, which hardly any file has. */
  readonly idat: Box | undefined;
  readonly iprp: Box;
  readonly ipco: Box;
  readonly ipma: Box;
  readonly primary: number;
  /** References from items to their parts, such as from a grid to its tiles. */
  readonly tiles: readonly Reference[];
  /** The item that says how the pixels are coded: the primary one, or the first tile of a grid. */
  readonly coded: number | undefined;
  readonly types: ReadonlyMap<number, string>;
  readonly locations: readonly ItemLocation[];
  /** Properties of the primary item, in the order of their association. */
  readonly properties: readonly Box[];
  /** The AV1 configuration of the primary item, else the first in the file, as a grid has none of its own. */
  readonly av1C: Box | undefined;
  /** The first item that belongs to another, as alpha does. */
  readonly auxiliary: number | undefined;
  /** Whether the colours of the primary item have been multiplied by its alpha. */
  readonly premultiplied: boolean;
}

/** Rotation (quarter turns anticlockwise) then mirroring (none, top-bottom, left-right) as one EXIF orientation. */
const ORIENTATIONS = [
  [1, 4, 2],
  [8, 5, 7],
  [3, 2, 4],
  [6, 7, 5],
] as const satisfies readonly (readonly Orientation[])[];

/** Reads the header of an AVIF. Its EXIF orientation does not count: irot and imir do. @see AV1 Image File Format 1.1 */
export function probeAvif(bytes: Uint8Array): Probe {
  const items = readAvif(bytes);
  const byType = new Map(items.properties.toReversed().map((box) => [box.type, box]));
  const ispe = byType.get("ispe");
  if (!ispe) throw corrupt("an AVIF without a size");
  const [width, height] = [u32be(bytes, ispe.at + 4), u32be(bytes, ispe.at + 8)];
  if (width === 0 || height === 0) throw corrupt(`an AVIF of ${width}x${height} pixels`);
  checkSizes(bytes, items, width * height);
  checkGrids(bytes, items, width * height);
  const clap = byType.get("clap");
  const stored = checkData(bytes, items, { width, height });
  // The decoder for unsupported pictures unpacks the tables of tracks, although it shows the still picture.
  if (stored.unsupported && findBox(bytes, "moov", { at: 0, end: bytes.length })) {
    const message = `Expected a still picture for source, got an image sequence beside ${stored.unsupported}`;
    throw new ServiceError("unsupported_format", message);
  }
  const colours = { ...stored.colours, ...readNclx(bytes, items.properties) };
  if (!hasProfile(bytes, items.properties)) checkTransfer(colours.transfer);
  const shown = clap && crop(bytes, clap, { width, height });
  const isBetween = shown && !Object.values(shown).every(Number.isInteger);
  const unsupported =
    stored.unsupported ?? (isBetween ? "AVIF cropped between pixels" : undefined) ?? unknownMatrix(colours);
  return {
    format: "avif",
    width,
    height,
    crop: shown && wholePixels(shown),
    orientation: orientation(bytes, byType.get("irot"), byType.get("imir")),
    frames: countFrames(bytes),
    scans: 1,
    lossy: colours.matrix !== IDENTITY,
    opaque: items.auxiliary === undefined,
    bitDepth: bitDepth(bytes, items.av1C),
    unsupported,
  };
}

/**
 * Finds the boxes and the primary item.
 * @throws {ServiceError} `unsupported_format` for a sequence that has no still picture.
 */
export function readAvif(bytes: Uint8Array): AvifItems {
  const file = { at: 0, end: bytes.length };
  const meta = findBox(bytes, "meta", file);
  if (!meta && findBox(bytes, "moov", file)) {
    throw new ServiceError("unsupported_format", "Expected a still picture for source, got an AVIF video");
  }
  const child = (type: string, parent: Span): Box => {
    const found = findBox(bytes, type, parent);
    if (!found) throw corrupt(`an AVIF without its ${type} box`);
    return found;
  };
  if (!meta) throw corrupt("an AVIF without its meta box");
  const inMeta = afterVersion(meta);
  const iprp = child("iprp", inMeta);
  const ipco = child("ipco", iprp);
  const ipma = child("ipma", iprp);
  const primary = readPrimary(bytes, child("pitm", inMeta));
  const iref = findBox(bytes, "iref", inMeta);
  const associations = readAssociations(bytes, ipma, primary);
  const properties: Box[] = [];
  let index = 0;
  for (const box of boxes(bytes, ipco)) if (associations?.indices.includes(++index)) properties.push(box);
  const types = readItemTypes(bytes, child("iinf", inMeta));
  const references = (type: string) => (iref ? readReferences(bytes, iref, type) : []);
  const tiles = references("dimg");
  return {
    meta,
    idat: findBox(bytes, "idat", inMeta),
    iprp,
    ipco,
    ipma,
    primary,
    tiles,
    coded: types.get(primary) === "grid" ? tiles.find(({ from }) => from === primary)?.to[0] : primary,
    types,
    locations: readLocations(bytes, child("iloc", inMeta)),
    properties,
    av1C: properties.find(({ type }) => type === "av1C") ?? findBox(bytes, "av1C", ipco),
    auxiliary: references("auxl")[0]?.from,
    premultiplied: references("prem").some(({ from }) => from === primary),
  };
}

/** Matrices from RGB to the stored values that libavif can invert. @see ITU-T H.273 table 4 */
const MATRICES = [1, 2, 4, 5, 6, 7, 9, 12];
/** RGB stored as it is, which encoders do for lossless pictures. */
const IDENTITY = 0;
const YCGCO = 8;

/** Colours from a colr box, which take precedence over those in the AV1 data. */
function readNclx(
  bytes: Uint8Array,
  properties: readonly Box[],
): Pick<Av1Colours, "transfer" | "matrix" | "isFullRange"> | undefined {
  const box = properties.find(({ type, at }) => type === "colr" && text(bytes, at, 4) === "nclx");
  if (!box) return undefined;
  const [transfer, matrix] = [u16be(bytes, box.at + 6), u16be(bytes, box.at + 8)];
  return { transfer, matrix, isFullRange: (u8(bytes, box.at + 10) & 0x80) !== 0 };
}

/** Whether a colr box holds a profile, which takes precedence over all numbers. */
function hasProfile(bytes: Uint8Array, properties: readonly Box[]): boolean {
  return properties.some(({ type, at }) => type === "colr" && ["prof", "rICC"].includes(text(bytes, at, 4)));
}

/** Why libavif cannot convert the colours to RGB, if so: it would not report it. */
function unknownMatrix({
  matrix = 2,
  isFullRange,
  isMonochrome,
  hasFullChroma,
}: Partial<Av1Colours>): string | undefined {
  const isKnown =
    MATRICES.includes(matrix) ||
    (matrix === IDENTITY && (isMonochrome === true || hasFullChroma === true)) ||
    (matrix === YCGCO && isFullRange === true);
  return isKnown ? undefined : `AVIF with matrix ${matrix}`;
}

/** Tiles may extend beyond their grid, but not far: decoders check AV1 data against the size of its own item only. */
function checkSizes(bytes: Uint8Array, { ipco }: AvifItems, pixels: number): void {
  const most = Math.max(2 * pixels, 2 ** 20);
  for (const { type, at } of boxes(bytes, ipco)) {
    if (type !== "ispe") continue;
    const [width, height] = [u32be(bytes, at + 4), u32be(bytes, at + 8)];
    if (width * height > most) throw corrupt(`an AVIF of ${pixels} pixels with an item of ${width}x${height}`);
  }
}

/** A grid states its size once more, and decoders believe it. @see ISO/IEC 23008-12 section 6.6.2.3 */
function checkGrids(bytes: Uint8Array, { idat, types, locations }: AvifItems, pixels: number): void {
  for (const { id, method, extents } of locations) {
    if (types.get(id) !== "grid") continue;
    const [extent] = extents;
    if (!extent || extents.length > 1 || method > 1) throw corrupt("an AVIF with a scattered grid");
    const at = extent.start + (method === 1 ? (idat?.at ?? 0) : 0);
    const [width, height] =
      (u8(bytes, at + 1) & 1) === 0
        ? [u16be(bytes, at + 4), u16be(bytes, at + 6)]
        : [u32be(bytes, at + 4), u32be(bytes, at + 8)];
    if (width * height > pixels) throw corrupt(`an AVIF of ${pixels} pixels with a grid of ${width}x${height}`);
  }
}

/** What the items' data say about the picture. */
interface Stored {
  /** Why the edge codecs cannot decode it, if so. */
  readonly unsupported?: string | undefined;
  /** Colours of the primary item or its first tile, if that is an AV1 stream. */
  readonly colours?: Av1Colours | undefined;
}

/** Most bytes of scattered data that are copied to be read; hardly any file has such data. */
const MAX_SCATTERED = 2 ** 22;

/** Checks that every item lies within the file and that no AV1 stream is larger than the picture says it is. */
function checkData(
  bytes: Uint8Array,
  { idat, ipco, locations, types, tiles, primary, coded }: AvifItems,
  size: Size,
): Stored {
  const walked = new Map<string, Av1Stream>();
  let colours: Av1Colours | undefined;
  let budget = 2 * bytes.length;
  const codedType = types.get(coded ?? 0) ?? "no";
  if (codedType !== "av01") {
    const message = `Expected AV1 pictures for source, got an AVIF made of ${codedType} items`;
    throw new ServiceError("unsupported_format", message);
  }
  let unsupported: string | undefined;
  const hasGrid = [...types.values()].includes("grid");
  // libavif would keep one decoder per tile.
  if (hasGrid && ["a1op", "lsel"].some((type) => findBox(bytes, type, ipco))) unsupported ??= "AVIF of layered tiles";
  /** How often each item is decoded for a grid. */
  const uses = new Map<number, number>();
  for (const id of tiles.flatMap(({ from, to }) => (types.get(from) === "grid" ? to : []))) {
    if (types.get(id) !== "av01") throw corrupt("an AVIF with a grid of other items than AV1 pictures");
    uses.set(id, (uses.get(id) ?? 0) + 1);
  }
  // Tiles may extend beyond the picture, and alpha comes on top.
  const most = Math.max(8 * size.width * size.height, 2 ** 21);
  let decoded = 0;
  for (const location of locations) {
    const { id, method } = location;
    const pieces = piecesOf(bytes, location, idat);
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const range = pieces.map((piece) => `${piece.byteOffset}+${piece.length}`).join();
    const isPicture = types.get(id) === "av01";
    // Equal tiles may share an extent. Other overlaps are only made to be walked again and again, or copied by decoders.
    if (!isPicture || !walked.has(range)) budget -= length;
    if (budget < 0) throw corrupt("an AVIF whose items overlap");
    if (!isPicture) continue;
    if (pieces.length !== 1 || method !== 0) unsupported ??= "AVIF with scattered data";
    if (pieces.length > 1 && length > MAX_SCATTERED) throw corrupt(`an AVIF of ${length} bytes of scattered data`);
    const stream = walked.get(range) ?? readAv1(joined(pieces));
    walked.set(range, stream);
    if (id === coded) colours = stream.colours;
    decoded += stream.width * stream.height * stream.frames * (uses.get(id) ?? 1);
    if (decoded > most) throw corrupt("an AVIF whose items are larger than its size");
    if (coded === primary && (stream.width > size.width || stream.height > size.height)) {
      throw corrupt("an AVIF whose AV1 data is larger than its size");
    }
  }
  if (!locations.some(({ id }) => id === primary)) throw corrupt("an AVIF without pixels");
  return { unsupported, colours };
}

/** The pieces of an item's data; none if they lie in other items, which decoders do not support. */
function piecesOf(bytes: Uint8Array, { method, extents }: ItemLocation, idat: Box | undefined): Uint8Array[] {
  const place = [{ at: 0, end: bytes.length }, idat][method];
  if (place === undefined) return [];
  return extents.map(({ start, length }) => {
    const end = length === 0 ? place.end : place.at + start + length;
    if (end > place.end) throw corrupt("an AVIF whose data lies past its end");
    return bytes.subarray(place.at + start, end);
  });
}

/** Copies only if there are several pieces. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  return first && pieces.length === 1 ? first : concat(pieces);
}

/** Colours in the AV1 data of the primary item or its first tile. */
export function codedColours(
  bytes: Uint8Array,
  { locations, types, idat, coded = 0 }: AvifItems,
): Av1Colours | undefined {
  const location = types.get(coded) === "av01" ? locations.find(({ id }) => id === coded) : undefined;
  return location && readAv1(joined(piecesOf(bytes, location, idat))).colours;
}

/** Reads the clean aperture: its size and its centre's offset from the picture's, as fractions. @see ISO/IEC 14496-12 section 12.1.4 */
function crop(bytes: Uint8Array, { at }: Box, size: Size): Rect {
  const fraction = (from: number) => (u32be(bytes, from) | 0) / u32be(bytes, from + 4);
  const [width, height] = [fraction(at), fraction(at + 8)];
  const [x, y] = [fraction(at + 16) + (size.width - width) / 2, fraction(at + 24) + (size.height - height) / 2];
  const isWithin = x >= 0 && y >= 0 && x + width <= size.width && y + height <= size.height;
  if (isWithin && width >= 1 && height >= 1) return { x, y, width, height };
  throw corrupt(`an AVIF of ${size.width}x${size.height} pixels cropped to ${width}x${height} at ${x},${y}`);
}

function wholePixels({ x, y, width, height }: Rect): Rect {
  return { x: Math.floor(x), y: Math.floor(y), width: Math.round(width), height: Math.round(height) };
}

/** @see ISO/IEC 23008-12 sections 6.5.10 and 6.5.12; in MIAF (ISO/IEC 23000-22 section 7.3.6.7) irot comes first. */
function orientation(bytes: Uint8Array, irot: Box | undefined, imir: Box | undefined): Orientation {
  const turns = irot ? u8(bytes, irot.at) & 3 : 0;
  const mirror = imir ? 1 + (u8(bytes, imir.at) & 1) : 0;
  return ORIENTATIONS[turns]?.[mirror] ?? 1;
}

/** Sample count of the longest track of an image sequence; 1 for a still picture. @see ISO/IEC 14496-12 section 8.7.3 */
function countFrames(bytes: Uint8Array): number {
  const moov = avifBrands(bytes).includes("avis") && findBox(bytes, "moov", { at: 0, end: bytes.length });
  if (!moov) return 1;
  let frames = 1;
  for (const trak of boxes(bytes, moov)) {
    if (trak.type !== "trak") continue;
    let box: Box | undefined = trak;
    for (const type of ["mdia", "minf", "stbl", "stsz"]) box = box && findBox(bytes, type, box);
    if (box) frames = Math.max(frames, u32be(bytes, box.at + 8));
  }
  return frames;
}

/** From the AV1 configuration. @see AV1 Codec ISO Media File Format Binding section 2.3.3 */
function bitDepth(bytes: Uint8Array, av1C: Box | undefined): number {
  if (!av1C) return 8;
  const flags = u8(bytes, av1C.at + 2);
  if ((flags & 0x40) === 0) return 8;
  return flags & 0x20 ? 12 : 10;
}

/** Major and compatible brands of an ISO base media file; empty for any other. @see ISO/IEC 14496-12 section 4.3 */
export function avifBrands(bytes: Uint8Array): string[] {
  if (text(bytes, 4, 4) !== "ftyp") return [];
  const end = Math.min(u32be(bytes, 0), bytes.length, 1024);
  const brands = [text(bytes, 8, 4)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(text(bytes, at, 4));
  return brands;
}
