import { corrupt, u8 } from "./bytes.ts";

const OBU_SEQUENCE_HEADER = 1;
const OBU_FRAME_HEADER = 3;
const OBU_FRAME = 6;

/** Most layers of a picture: all are decoded, and one of 34 bytes takes as long as any. @see AV1 Image File Format 1.1 section 2.3.2.3 */
const MAX_LAYERS = 4;

/** Far more than layers, their headers and tiles need; more would only cost time. */
const MAX_OBUS = 1024;

/** How colours are stored; the numbers are those of ITU-T H.273 tables 2 to 4. */
export interface Av1Colours {
  readonly primaries: number;
  readonly transfer: number;
  readonly matrix: number;
  readonly isFullRange: boolean;
  readonly isMonochrome: boolean;
  /** 4:4:4. */
  readonly hasFullChroma: boolean;
}

/** What the sequence headers of an AV1 stream say. */
export interface Av1Stream {
  /** The largest frame that they allow: what a decoder may allocate, whatever the container says. */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** Colours of the first sequence header. */
  readonly colours: Av1Colours;
}

/**
 * @throws {ServiceError} `undecodable_image`
 * @see AV1 Bitstream & Decoding Process Specification, sections 5.3 and 5.5
 */
export function readAv1(obus: Uint8Array): Av1Stream {
  let width = 0;
  let height = 0;
  let colours: Av1Colours | undefined;
  let frames = 0;
  for (let at = 0, count = 1; at < obus.length; count++) {
    if (count > MAX_OBUS) throw corrupt(`an AVIF whose picture is of more than ${MAX_OBUS} parts`);
    const header = u8(obus, at);
    at += header & 4 ? 2 : 1;
    let size = obus.length - at;
    if (header & 2) [size, at] = leb128(obus, at);
    if (at + size > obus.length) throw corrupt("an AVIF whose AV1 data ends early");
    const type = (header >> 3) & 15;
    if (type === OBU_FRAME || type === OBU_FRAME_HEADER) frames += 1;
    if (frames > MAX_LAYERS) throw corrupt(`an AVIF whose picture is of more than ${MAX_LAYERS} frames`);
    if (type === OBU_SEQUENCE_HEADER) {
      const frame = readSequenceHeader(obus.subarray(at, at + size));
      width = Math.max(width, frame.width);
      height = Math.max(height, frame.height);
      colours ??= frame.colours;
    }
    at += size;
  }
  if (colours === undefined) throw corrupt("an AVIF without an AV1 sequence header");
  return { width, height, frames, colours };
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

/** sequence_header_obu(), section 5.5; names as there. */
function readSequenceHeader(bytes: Uint8Array): Omit<Av1Stream, "frames"> {
  let at = 0;
  const bits = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++, at++) value = value * 2 + ((u8(bytes, at >> 3) >> (7 - (at & 7))) & 1);
    return value;
  };
  const profile = bits(3);
  bits(1); // still_picture
  const isReduced = bits(1) === 1;
  if (isReduced)
    bits(5); // seq_level_idx
  else readOperatingPoints(bits);
  const [widthBits, heightBits] = [1 + bits(4), 1 + bits(4)];
  const [width, height] = [1 + bits(widthBits), 1 + bits(heightBits)];
  skipTools(bits, isReduced);
  return { width, height, colours: readColours(bits, profile) };
}

type Bits = (count: number) => number;

/** Section 5.5.1, timing_info() to choose_operating_point(). */
function readOperatingPoints(bits: Bits): void {
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

/** Section 5.5.1, frame_id_numbers_present_flag to enable_restoration. */
function skipTools(bits: Bits, isReduced: boolean): void {
  if (!isReduced && bits(1)) bits(7); // delta_frame_id_length, additional_frame_id_length
  bits(3); // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
  if (!isReduced) {
    bits(4); // enable_interintra_compound to enable_dual_filter
    const hasOrderHint = bits(1);
    if (hasOrderHint) bits(2); // enable_jnt_comp, enable_ref_frame_mvs
    const hasScreenContent = bits(1) || bits(1);
    if (hasScreenContent && bits(1) === 0) bits(1); // seq_force_integer_mv
    if (hasOrderHint) bits(3); // order_hint_bits
  }
  bits(3); // enable_superres, enable_cdef, enable_restoration
}

/** color_config(), section 5.5.2. */
function readColours(bits: Bits, profile: number): Av1Colours {
  const isDeep = bits(1);
  const isTwelveBit = profile === 2 && isDeep && bits(1);
  const isMonochrome = profile !== 1 && bits(1) === 1;
  const [primaries, transfer, matrix] = bits(1) ? [bits(8), bits(8), bits(8)] : [2, 2, 2];
  const named = { primaries, transfer, matrix, isMonochrome };
  if (isMonochrome) return { ...named, isFullRange: bits(1) === 1, hasFullChroma: false };
  // sRGB stored as RGB.
  if (primaries === 1 && transfer === 13 && matrix === 0) {
    return { ...named, isFullRange: true, hasFullChroma: true };
  }
  const isFullRange = bits(1) === 1;
  const isHalvedAcross = profile === 0 || (profile === 2 && (!isTwelveBit || bits(1) === 1));
  return { ...named, isFullRange, hasFullChroma: !isHalvedAcross };
}

function skipUvlc(bits: Bits): void {
  let zeros = 0;
  while (bits(1) === 0) if (++zeros > 32) throw corrupt("an AVIF with an invalid AV1 clock");
  if (zeros < 32) bits(zeros);
}
