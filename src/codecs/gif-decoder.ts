import type { Rgba } from "../core/image.ts";
import { corrupt, u8 } from "../core/probe/bytes.ts";
import { firstGifFrame, type GifFrame, gifData } from "../core/probe/gif.ts";

/** The rows of an interlaced picture come in four passes. @see GIF89a appendix E */
const PASSES = [
  { first: 0, step: 8 },
  { first: 4, step: 8 },
  { first: 2, step: 4 },
  { first: 1, step: 2 },
] as const;

/** The first frame of a GIF, [height, width, 4]. */
export function decodeGif(bytes: Uint8Array): Rgba {
  const frame = firstGifFrame(bytes);
  const { width, height, palette, transparent, dataAt } = frame;
  const indices = unpack(gifData(bytes, dataAt + 1), u8(bytes, dataAt), width * height);
  const colours = coloursOf(palette, transparent);
  const pixels = new Uint32Array(width * height);
  rowsOf(frame).forEach((row, place) => {
    for (let x = 0; x < width; x++) pixels[row * width + x] = colours[indices[place * width + x] ?? 0] ?? 0;
  });
  return { width, height, data: new Uint8ClampedArray(pixels.buffer) };
}

/** RGBA of each index; black, as in browsers, if the palette has no colour for it. */
function coloursOf(palette: Uint8Array, transparent: number | undefined): Uint32Array {
  const colours = new Uint32Array(256);
  const bytes = new Uint8Array(colours.buffer);
  for (let index = 0; index < colours.length; index++) {
    if (index === transparent) continue;
    bytes.set(palette.subarray(3 * index, 3 * index + 3), 4 * index);
    bytes[4 * index + 3] = 255;
  }
  return colours;
}

/** Indices of the rows in the order in which they are stored. */
function rowsOf({ height, isInterlaced }: GifFrame): number[] {
  const rows = Array.from({ length: height }, (_, row) => row);
  return isInterlaced ? PASSES.flatMap(({ first, step }) => rows.filter((row) => row % step === first)) : rows;
}

/** Codes have up to 12 bits. */
const MAX_CODES = 4096;

/**
 * Unpacks the first `count` symbols of LZW data with codes of growing size. A code stands for a symbol, or for a string that has
 * already been unpacked: that of an earlier code and the symbol after it.
 *
 * @param bits - bits of a symbol; at least 2, as the first codes would not fit otherwise.
 * @throws {ServiceError} `undecodable_image` if there are fewer symbols, or a code stands for nothing. @see GIF89a appendix F
 */
function unpack(packed: Uint8Array, bits: number, count: number): Uint8Array {
  if (bits < 2 || bits > 8) throw corrupt(`a GIF with symbols of ${bits} bits`);
  const clear = 2 ** bits;
  const starts = new Uint32Array(MAX_CODES);
  const lengths = new Uint32Array(MAX_CODES);
  const symbols = new Uint8Array(count);
  let [at, from, held, buffer] = [0, 0, 0, 0];
  // Length of the string of the code before; 0 at first and after a clear.
  let length = 0;
  let [size, codes] = [bits + 1, clear + 2];
  while (at < count) {
    for (; held < size; held += 8) {
      if (from === packed.length) throw corrupt("a GIF with fewer pixels than it says");
      buffer |= (packed[from++] ?? 0) << held;
    }
    const code = buffer & ((1 << size) - 1);
    buffer >>= size;
    held -= size;
    if (code === clear) {
      [size, codes, length] = [bits + 1, clear + 2, 0];
      continue;
    }
    if (length > 0 && codes < MAX_CODES) {
      starts[codes] = at - length;
      lengths[codes] = length + 1;
      codes++;
      if (codes === 1 << size && size < 12) size++;
    }
    if (code === clear + 1 || code >= codes) throw corrupt("damaged gif data");
    length = code < clear ? 1 : (lengths[code] ?? 0);
    if (code < clear) symbols[at] = code;
    // One by one, as the last may be the first one copied. The array drops symbols beyond `count`.
    else for (let i = 0, start = starts[code] ?? 0; i < length; i++) symbols[at + i] = symbols[start + i] ?? 0;
    at += length;
  }
  return symbols;
}
