import type { Rect } from "../image.ts";
import { corrupt, u8, u16le } from "./bytes.ts";
import type { Probe } from "./probe-result.ts";

/** A packed picture within a GIF, and its place on the canvas. */
export interface GifFrame extends Rect {
  /** RGB triples. */
  readonly palette: Uint8Array;
  /** Index of the transparent colour. */
  readonly transparent: number | undefined;
  readonly isInterlaced: boolean;
  /** Where its data begin (the bits of a symbol, then blocks) and end. */
  readonly dataAt: number;
  readonly end: number;
}

/** Bytes that introduce blocks. @see GIF89a section 12 and appendix A */
const EXTENSION = 0x21;
const IMAGE = 0x2c;
const TRAILER = 0x3b;
const GRAPHIC_CONTROL = 0xf9;

/** Frames and extensions: far more than any animation has, more would only cost time. */
const MAX_PARTS = 65_536;

/** Reads the header of a GIF and walks through all of it. As in browsers, the canvas grows to hold the first frame. */
export function probeGif(bytes: Uint8Array): Probe {
  const { x, y, ...first } = firstGifFrame(bytes);
  let frames = 0;
  for (const _ of gifFrames(bytes)) frames++;
  const width = Math.max(u16le(bytes, 6), x + first.width);
  const height = Math.max(u16le(bytes, 8), y + first.height);
  return { format: "gif", width, height, orientation: 1, frames, scans: 1, lossy: true, bitDepth: 8 };
}

/** @throws {ServiceError} `undecodable_image` if there is no frame. */
export function firstGifFrame(bytes: Uint8Array): GifFrame {
  for (const frame of gifFrames(bytes)) return frame;
  throw corrupt("a GIF without a picture");
}

/** @throws {ServiceError} `undecodable_image` if the file ends before its trailer; what follows that is ignored. */
function* gifFrames(bytes: Uint8Array): Generator<GifFrame> {
  const common = paletteAt(bytes, 13, u8(bytes, 10));
  let at = 13 + common.length;
  let transparent: number | undefined;
  for (let count = 0; ; count++) {
    if (count > MAX_PARTS) throw corrupt(`a GIF of more than ${MAX_PARTS} frames and extensions`);
    const kind = bytes[at];
    if (kind === TRAILER) return;
    if (kind === EXTENSION) {
      if (u8(bytes, at + 1) === GRAPHIC_CONTROL)
        transparent = (u8(bytes, at + 3) & 1) === 1 ? u8(bytes, at + 6) : undefined;
      at = afterBlocks(bytes, at + 2);
    } else if (kind === IMAGE) {
      const flags = u8(bytes, at + 9);
      const own = paletteAt(bytes, at + 10, flags);
      const dataAt = at + 10 + own.length;
      const [width, height] = [u16le(bytes, at + 5), u16le(bytes, at + 7)];
      if (width === 0 || height === 0) throw corrupt(`a GIF with a picture of ${width}x${height} pixels`);
      const palette = own.length > 0 ? own : common;
      if (palette.length === 0) throw corrupt("a GIF without a palette");
      const [x, y] = [u16le(bytes, at + 1), u16le(bytes, at + 3)];
      at = afterBlocks(bytes, dataAt + 1);
      yield { x, y, width, height, palette, transparent, isInterlaced: (flags & 0x40) !== 0, dataAt, end: at };
      transparent = undefined;
    } else {
      throw corrupt(
        kind === undefined ? "a GIF that ends before its trailer" : "a GIF with a block of an unknown kind",
      );
    }
  }
}

/** The colour table that `flags` announce, which may be empty. */
function paletteAt(bytes: Uint8Array, at: number, flags: number): Uint8Array {
  return bytes.subarray(at, at + (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0));
}

/** Joins the data blocks from `at` to the first empty one. There may be millions, of one byte each. */
export function gifData(bytes: Uint8Array, at: number): Uint8Array {
  const data = new Uint8Array(afterBlocks(bytes, at) - at);
  let filled = 0;
  for (let length = lengthAt(bytes, at); length > 0; length = lengthAt(bytes, at)) {
    data.set(bytes.subarray(at + 1, at + 1 + length), filled);
    filled += length;
    at += 1 + length;
  }
  return data.subarray(0, filled);
}

function afterBlocks(bytes: Uint8Array, at: number): number {
  for (let length = lengthAt(bytes, at); length > 0; length = lengthAt(bytes, at)) at += 1 + length;
  return at + 1;
}

/** Length of the block that begins at `at`. */
function lengthAt(bytes: Uint8Array, at: number): number {
  const length = bytes[at];
  if (length === undefined) throw corrupt("a GIF that ends within a block");
  return length;
}
