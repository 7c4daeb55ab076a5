import { describe, expect, it } from "vitest";
import { concat } from "../../../../src/core/bytes.ts";
import { readAv1 } from "../../../../src/core/probe/av1.ts";

/** Value and number of bits of each field, in order. */
type Fields = readonly (readonly [value: number, bits: number])[];

const [SEQUENCE_HEADER, FRAME_HEADER, TEMPORAL_DELIMITER, FRAME] = [1, 3, 2, 6];

function packed(fields: Fields): Uint8Array {
  const bits = fields.map(([value, count]) => value.toString(2).padStart(count, "0")).join("");
  return Uint8Array.from(bits.match(/.{1,8}/g) ?? [], (byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
}

/** An OBU whose size takes `sizeBytes`. @see AV1 specification, section 5.3 */
function obu(type: number, payload: Uint8Array, { extension = false, sizeBytes = 1 } = {}): Uint8Array {
  const size = Array.from({ length: sizeBytes }, (_, i) => {
    return ((payload.length >> (7 * i)) & 0x7f) | (i < sizeBytes - 1 ? 0x80 : 0);
  });
  return Uint8Array.of((type << 3) | (extension ? 4 : 0) | 2, ...(extension ? [0xff] : []), ...size, ...payload);
}

/** One operating point without any optional field. */
const PLAIN: Fields = [
  [0, 1], // timing_info_present_flag
  [0, 1], // initial_display_delay_present_flag
  [0, 5], // operating_points_cnt_minus_1
  [0xfff, 12], // operating_point_idc
  [7, 5], // seq_level_idx: the last without a tier
];
const NO_TOOLS: Fields = [
  [0, 1], // frame_id_numbers_present_flag
  [7, 3], // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
  [15, 4], // enable_interintra_compound to enable_dual_filter
  [0, 1], // enable_order_hint
  [0, 1], // seq_choose_screen_content_tools
  [0, 1], // seq_force_screen_content_tools
  [7, 3], // enable_superres, enable_cdef, enable_restoration
];
/** Eight bits, with colour; BT.709, sRGB, matrix 6, full range. */
const COLOURS: Fields = [
  [0, 1],
  [0, 1],
  [1, 1],
  [1, 8],
  [13, 8],
  [6, 8],
  [1, 1],
];

/** A sequence header of 700x300. @see AV1 specification, section 5.5 */
function sequence({ profile = 0, isReduced = false, points = PLAIN, tools = NO_TOOLS, colours = COLOURS } = {}) {
  const before = isReduced ? ([[31, 5]] as const) : points;
  const between = isReduced ? ([[63, 6]] as const) : tools;
  const size: Fields = [
    [9, 4],
    [8, 4],
    [699, 10],
    [299, 9],
  ];
  return packed([[profile, 3], [1, 1], [isReduced ? 1 : 0, 1], ...before, ...size, ...between, ...colours, [0, 1]]);
}

const READ = {
  width: 700,
  height: 300,
  frames: 0,
  colours: { primaries: 1, transfer: 13, matrix: 6, isFullRange: true, isMonochrome: false, hasFullChroma: false },
};

describe("readAv1", () => {
  it.each<[string, Parameters<typeof sequence>[0]]>([
    ["nothing that may be left out", {}],
    ["a reduced header", { isReduced: true }],
    [
      "two operating points with all that they can have",
      {
        points: [
          [1, 1], // timing_info_present_flag
          [0xffffffff, 32],
          [0xffffffff, 32],
          [1, 1], // equal_picture_interval
          [0b00101, 5], // uvlc of two zeros
          [1, 1], // decoder_model_info_present_flag
          [9, 5], // buffer_delay_length_minus_1
          [0xffffffff, 32],
          [0x3ff, 10],
          [1, 1], // initial_display_delay_present_flag
          [1, 5], // operating_points_cnt_minus_1
          ...[1, 0].flatMap((has): Fields => {
            const rest: Fields = has
              ? [
                  [0xfffff, 20],
                  [1, 1],
                ]
              : [];
            return [[0xfff, 12], [8, 5], [1, 1], [has, 1], ...rest, [has, 1], ...(has ? ([[15, 4]] as const) : [])];
          }),
        ],
      },
    ],
    [
      "a time without a decoder's model, of an interval of 32 zeros",
      { points: [[1, 1], [0, 32], [0, 32], [1, 1], [0, 32], [1, 1], [0, 1], ...PLAIN.slice(1)] },
    ],
    [
      "tools with all that they can have",
      {
        tools: [
          [1, 1],
          [0x7f, 7], // lengths of frame ids
          [7, 3],
          [15, 4],
          [1, 1], // enable_order_hint
          [3, 2],
          [1, 1], // seq_choose_screen_content_tools
          [0, 1], // seq_choose_integer_mv
          [1, 1], // seq_force_integer_mv
          [7, 3], // order_hint_bits_minus_1
          [7, 3],
        ],
      },
    ],
    [
      "screen content whose motion is chosen by frame",
      {
        tools: [
          ...NO_TOOLS.slice(0, 4),
          [0, 1], // seq_choose_screen_content_tools
          [1, 1], // seq_force_screen_content_tools
          [1, 1], // seq_choose_integer_mv
          [7, 3],
        ],
      },
    ],
  ])("reads size and colours behind %s", (_, fields) => {
    expect(readAv1(obu(SEQUENCE_HEADER, sequence(fields)))).toEqual(READ);
  });

  const described = (primaries: number, transfer: number, matrix: number): Fields => {
    return [
      [1, 1],
      [primaries, 8],
      [transfer, 8],
      [matrix, 8],
    ];
  };
  it.each<[string, number, Fields, object]>([
    [
      "none described",
      0,
      [
        [0, 1],
        [0, 1],
        [0, 1],
        [1, 1],
      ],
      { primaries: 2, transfer: 2, matrix: 2 },
    ],
    ["a short range", 0, [[0, 1], [0, 1], ...described(1, 13, 6), [0, 1]], { isFullRange: false }],
    [
      "grey",
      0,
      [[0, 1], [1, 1], ...described(9, 16, 9), [1, 1]],
      { primaries: 9, transfer: 16, matrix: 9, isMonochrome: true },
    ],
    [
      "grey of a short range",
      0,
      [
        [0, 1],
        [1, 1],
        [0, 1],
        [0, 1],
      ],
      { primaries: 2, transfer: 2, matrix: 2, isMonochrome: true, isFullRange: false },
    ],
    [
      "grey by the numbers of sRGB, which says its range",
      0,
      [[0, 1], [1, 1], ...described(1, 13, 0), [0, 1]],
      { matrix: 0, isMonochrome: true, isFullRange: false },
    ],
    ["ten bits", 0, [[1, 1], [0, 1], ...described(1, 13, 6), [1, 1]], {}],
    ["sRGB, which says no range", 1, [[0, 1], ...described(1, 13, 0), [0, 1]], { matrix: 0, hasFullChroma: true }],
    [
      "other primaries as RGB",
      1,
      [[0, 1], ...described(9, 13, 0), [0, 1]],
      { primaries: 9, matrix: 0, hasFullChroma: true, isFullRange: false },
    ],
    [
      "another curve as RGB",
      1,
      [[0, 1], ...described(1, 16, 0), [0, 1]],
      { transfer: 16, matrix: 0, hasFullChroma: true, isFullRange: false },
    ],
    ["4:2:2", 2, [[0, 1], [0, 1], ...described(1, 13, 6), [1, 1]], {}],
    ["4:2:2 of ten bits", 2, [[1, 1], [0, 1], [0, 1], ...described(1, 13, 6), [1, 1]], {}],
    [
      "4:4:4 of twelve bits",
      2,
      [[1, 1], [1, 1], [0, 1], ...described(1, 13, 6), [1, 1], [0, 1]],
      { hasFullChroma: true },
    ],
    ["4:2:0 of twelve bits", 2, [[1, 1], [1, 1], [0, 1], ...described(1, 13, 6), [1, 1], [1, 1]], {}],
  ])("reads colours: %s", (_, profile, colours, differences) => {
    const read = readAv1(obu(SEQUENCE_HEADER, sequence({ profile, colours })));
    expect(read).toEqual({ ...READ, colours: { ...READ.colours, ...differences } });
  });

  it("finds the header behind other OBUs, with extensions, long sizes and, in the last, none", () => {
    const header = sequence();
    const before = obu(TEMPORAL_DELIMITER, new Uint8Array(), { extension: true, sizeBytes: 8 });
    const long = obu(15, new Uint8Array(300), { sizeBytes: 2 });
    expect(readAv1(concat([before, long, obu(SEQUENCE_HEADER, header, { extension: true })]))).toEqual(READ);
    expect(readAv1(concat([before, long, Uint8Array.of(SEQUENCE_HEADER << 3), header]))).toEqual(READ);
  });

  it.each([
    ["frames", FRAME],
    ["frame headers", FRAME_HEADER],
  ])("counts %s, to 4", (_, type) => {
    const header = obu(SEQUENCE_HEADER, sequence());
    const ofFrames = (count: number) => concat([header, ...new Array(count).fill(obu(type, Uint8Array.of(0)))]);
    expect(readAv1(ofFrames(4))).toEqual({ ...READ, frames: 4 });
    expect(() => readAv1(ofFrames(5))).toThrow(/more than 4 frames/);
  });

  it("refuses more parts than a picture has, and a number that never begins", () => {
    const ofParts = (count: number) =>
      concat([obu(SEQUENCE_HEADER, sequence()), ...new Array(count - 1).fill(obu(15, Uint8Array.of()))]);
    expect(readAv1(ofParts(1024))).toMatchObject(READ);
    expect(() => readAv1(ofParts(1025))).toThrow(/more than 1024 parts/);
    const zeros = packed([[0, 3], [0, 1], [0, 1], [1, 1], [0, 32], [0, 32], [1, 1], ...new Array(100).fill([0, 8])]);
    expect(() => readAv1(obu(SEQUENCE_HEADER, zeros))).toThrow(/invalid AV1 clock/);
  });

  it("takes the largest of several sizes, each way, and the first of several colours", () => {
    const header = sequence();
    const other = (width: number, height: number) =>
      packed([
        [0, 3],
        [1, 1],
        [1, 1],
        [0, 5],
        [9, 4],
        [8, 4],
        [width - 1, 10],
        [height - 1, 9],
        [0, 6],
        [0, 2],
        [0, 3],
      ]);
    const all = [header, other(800, 200), other(600, 400), header].map((data) => obu(SEQUENCE_HEADER, data));
    expect(readAv1(concat(all))).toEqual({ ...READ, width: 800, height: 400 });
  });

  it.each([
    ["no sequence header", obu(FRAME, Uint8Array.of(0)), /without an AV1 sequence header/],
    ["an OBU that ends early", obu(SEQUENCE_HEADER, sequence()).subarray(0, -1), /data ends early/],
    ["a sequence header that ends early", obu(SEQUENCE_HEADER, sequence().subarray(0, 8)), /header that ends early/],
    ["a size of more than 8 bytes", Uint8Array.of(0x0a, ...new Array(8).fill(0x80), 0), /invalid AV1 size/],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readAv1(bytes)).toThrow(
      expect.objectContaining({ code: "undecodable_image", message: expect.stringMatching(message) }),
    );
  });
});
