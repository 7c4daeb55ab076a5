import { corrupt, u8 } from "./bytes.ts";

const OBU_SEQUENCE_HEADER = 1;

/**
 * The largest frame that the sequence headers of an AV1 stream allow: what a decoder may allocate, whatever the
 * container says. @see AV1 Bitstream & Decoding Process Specification, sections 5.3 and 5.5
 */
export function av1MaxFrame(obus: Uint8Array): { width: number; height: number } {
  let width = 0;
  let height = 0;
  for (let at = 0; at < obus.length; ) {
    const header = u8(obus, at);
    at += header & 4 ? 2 : 1;
    let size = obus.length - at;
    if (header & 2) [size, at] = leb128(obus, at);
    if (at + size > obus.length) throw corrupt("an AVIF whose AV1 data ends early");
    if (((header >> 3) & 15) === OBU_SEQUENCE_HEADER) {
      const frame = readSequenceHeader(obus.subarray(at, at + size));
      width = Math.max(width, frame.width);
      height = Math.max(height, frame.height);
    }
    at += size;
  }
  if (width === 0) throw corrupt("an AVIF without an AV1 sequence header");
  return { width, height };
}

function leb128(bytes: Uint8Array, start: number): [value: number, next: number] {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = u8(bytes, start + i);
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return [value, start + i + 1];
  }
  throw corrupt("an AVIF with an invalid AV1 size");
}

/** sequence_header_obu() up to max_frame_height_minus_1, section 5.5.1; names as there. */
function readSequenceHeader(bytes: Uint8Array): { width: number; height: number } {
  let at = 0;
  const bits = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++, at++) value = value * 2 + ((u8(bytes, at >> 3) >> (7 - (at & 7))) & 1);
    return value;
  };
  bits(4); // seq_profile, still_picture
  if (bits(1))
    bits(5); // reduced_still_picture_header: seq_level_idx
  else {
    let delayLength = 0;
    if (bits(1)) {
      bits(64); // num_units_in_display_tick, time_scale
      if (bits(1)) skipUvlc(bits);
      if (bits(1)) {
        delayLength = 1 + bits(5);
        bits(42); // num_units_in_decoding_tick, buffer_removal_time_length, frame_presentation_time_length
      }
    }
    const hasDisplayDelay = bits(1);
    for (let points = 1 + bits(5); points > 0; points--) {
      bits(12); // operating_point_idc
      if (bits(5) > 7) bits(1);
      if (delayLength > 0 && bits(1)) bits(2 * delayLength + 1);
      if (hasDisplayDelay && bits(1)) bits(4);
    }
  }
  const [widthBits, heightBits] = [1 + bits(4), 1 + bits(4)];
  return { width: 1 + bits(widthBits), height: 1 + bits(heightBits) };
}

function skipUvlc(bits: (count: number) => number): void {
  let zeros = 0;
  while (bits(1) === 0) zeros += 1;
  if (zeros < 32) bits(zeros);
}
