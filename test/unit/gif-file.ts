import { concat, latin1 } from "../../src/core/bytes.ts";

const le16 = (value: number): Uint8Array => Uint8Array.of(value & 255, value >> 8);

/** The data in sub-blocks of up to 255 bytes, followed by an empty one. */
export function blocksOf(data: Uint8Array): Uint8Array {
  const starts = Array.from({ length: Math.ceil(data.length / 255) }, (_, i) => 255 * i);
  const parts = starts.map((start) => data.subarray(start, start + 255));
  return concat([...parts.map((part) => concat([Uint8Array.of(part.length), part])), new Uint8Array(1)]);
}

/** Packs codes as a GIF does: the number of bits of each follows from the codes before it. */
function packCodes(codes: readonly number[], bits: number): Uint8Array {
  const packed: number[] = [];
  const clear = 2 ** bits;
  let [buffer, held, known, isFirst] = [0, 0, clear + 2, true];
  for (const code of codes) {
    const size = Math.min(12, Math.max(bits + 1, Math.ceil(Math.log2(known + 1))));
    buffer |= code << held;
    for (held += size; held >= 8; held -= 8, buffer >>= 8) packed.push(buffer & 255);
    if (code === clear) [known, isFirst] = [clear + 2, true];
    else if (isFirst) isFirst = false;
    else known = Math.min(4096, known + 1);
  }
  return Uint8Array.from(held > 0 ? [...packed, buffer] : packed);
}

interface ImageOptions {
  readonly x?: number;
  readonly y?: number;
  readonly width?: number;
  readonly height?: number;
  readonly isInterlaced?: boolean;
  /** RGB triples, whose number is a power of 2. */
  readonly palette?: readonly number[];
  readonly bits?: number;
  readonly codes?: readonly number[];
}

/** One frame, by default of 2x2 pixels. */
export function gifImage(options: ImageOptions = {}): Uint8Array {
  const {
    x = 0,
    y = 0,
    width = 2,
    height = 2,
    isInterlaced,
    palette = [],
    bits = 2,
    codes = [4, 0, 1, 2, 3, 5],
  } = options;
  const size = palette.length > 0 ? 0x80 | (Math.log2(palette.length / 3) - 1) : 0;
  return concat([
    Uint8Array.of(0x2c),
    ...[x, y, width, height].map(le16),
    Uint8Array.of(size | (isInterlaced ? 0x40 : 0), ...palette, bits),
    blocksOf(packCodes(codes, bits)),
  ]);
}

/** An extension that makes one colour of the next frame transparent. */
export function gifTransparency(index: number): Uint8Array {
  return Uint8Array.of(0x21, 0xf9, 4, 1, 0, 0, index, 0);
}

/** A GIF of 2x2 pixels with a palette of black, red, green and white, followed by `blocks`. */
export function gifFile(...blocks: Uint8Array[]): Uint8Array {
  const palette = Uint8Array.of(0, 0, 0, 255, 0, 0, 0, 255, 0, 255, 255, 255);
  return concat([
    latin1("GIF89a"),
    le16(2),
    le16(2),
    Uint8Array.of(0x81, 0, 0),
    palette,
    ...blocks,
    Uint8Array.of(0x3b),
  ]);
}
