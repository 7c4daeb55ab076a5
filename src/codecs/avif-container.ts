import { be32, concat, latin1 } from "../core/bytes.ts";
import type { Size } from "../core/image.ts";
import { readAvif } from "../core/probe/avif.ts";
import { text, u8, u32be } from "../core/probe/bytes.ts";
import { boxes, findBox, readAssociations } from "../core/probe/iso-bmff.ts";

/**
 * Makes `avif` the major brand, so that decoders take the still picture of an image sequence too. With another brand libavif
 * would decode the track, whose size has not been probed, and sharp might not recognise the file.
 */
export function stillAvif(bytes: Uint8Array): Uint8Array {
  if (text(bytes, 8, 4) === "avif") return bytes;
  const copy = new Uint8Array(bytes);
  copy.set(latin1("avif"), 8);
  return copy;
}

const TRANSFORMATIONS = ["irot", "imir", "clap"];

/**
 * Removes rotation, mirroring and cropping: libheif leaves the alpha of a turned picture as it was, and turns each tile by
 * itself. Each such property is replaced by index 0, which stands for none. @see ISO/IEC 23008-12 section 9.3.3
 */
export function untransformed(bytes: Uint8Array): Uint8Array {
  const { ipco, ipma, types } = readAvif(bytes);
  const properties = [...boxes(bytes, ipco)];
  const copy = new Uint8Array(bytes);
  for (const item of types.keys()) {
    const { indices, end, indexSize } = readAssociations(bytes, ipma, item) ?? { indices: [], end: 0, indexSize: 1 };
    for (const [i, index] of indices.entries()) {
      const at = end - indexSize * (indices.length - i);
      if (TRANSFORMATIONS.includes(properties[index - 1]?.type ?? "")) copy.fill(0, at, at + indexSize);
    }
  }
  return copy;
}

/**
 * Replaces the crop of a cropped AVIF by 2x2 pixels in its corner: libavif does not crop, but refuses some crops of 4:2:0.
 * @see ISO/IEC 14496-12 section 12.1.4
 */
export function plainlyCropped(bytes: Uint8Array, { width, height }: Size): Uint8Array {
  const clap = readAvif(bytes).properties.find(({ type }) => type === "clap");
  const [across, down] = [Math.min(2, width), Math.min(2, height)];
  const body = concat([across, 1, down, 1, across - width, 2, down - height, 2].map(be32));
  if (!clap || clap.at + body.length > clap.end) return bytes;
  const copy = new Uint8Array(bytes);
  copy.set(body, clap.at);
  return copy;
}

/**
 * Adds a missing pixi property to picture and alpha: libavif requires one, browsers do not, and libheif up to 1.11, with which
 * libvips and ImageMagick wrote, left it out.
 *
 * @throws {TypeError} if its layout is not plain.
 * @see ISO/IEC 23008-12 section 6.5.6
 */
export function withPixi(bytes: Uint8Array, bitDepth: number): Uint8Array {
  const { ipco, primary, auxiliary } = readAvif(bytes);
  if (findBox(bytes, "pixi", ipco)) return bytes;
  const pixi = concat([be32(14), latin1("pixi"), be32(0), Uint8Array.of(1, bitDepth)]);
  const whole = addAvifProperty(bytes, pixi, primary);
  return auxiliary === undefined ? whole : addAvifProperty(whole, pixi, auxiliary);
}

/**
 * Adds a property to an item, by default the primary one: appends a box to ipco and its index to the item's list in ipma,
 * and moves every offset behind them.
 */
export function addAvifProperty(bytes: Uint8Array, property: Uint8Array, item?: number): Uint8Array {
  const { meta, iprp, ipco, ipma, primary, locations } = readAvif(bytes);
  const list = readAssociations(bytes, ipma, item ?? primary);
  const index = 1 + [...boxes(bytes, ipco)].length;
  if (!list || list.countAt < ipco.end || list.end > ipma.end || index > 0x7f)
    throw new TypeError("Expected a plain AVIF to add a property to");

  const association = list.indexSize === 1 ? Uint8Array.of(index) : Uint8Array.of(0, index);
  const moved = (at: number): number =>
    at + (at >= ipco.end ? property.length : 0) + (at >= list.end ? association.length : 0);
  const result = concat([
    bytes.subarray(0, ipco.end),
    property,
    bytes.subarray(ipco.end, list.end),
    association,
    bytes.subarray(list.end),
  ]);

  for (const box of [meta, iprp, ipco, ipma]) result.set(be32(moved(box.end) - moved(box.start)), moved(box.start));
  result[moved(list.countAt)] = u8(bytes, list.countAt) + 1;
  for (const { method, extents } of locations) {
    if (method !== 0) continue;
    for (const { start, length, field } of extents) {
      // Otherwise it would be other data than what has been probed.
      const isBeside = start >= list.end || (length > 0 && start + length <= ipco.end);
      if (field.size === 0 || !isBeside) throw new TypeError("Expected an AVIF with offsets to move");
      // The low half of a 64-bit offset.
      const at = field.at + field.size - 4;
      result.set(be32(u32be(bytes, at) + moved(start) - start), moved(at));
    }
  }
  return result;
}
