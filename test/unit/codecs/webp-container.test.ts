import { describe, expect, it } from "vitest";
import { createCodecs } from "../../../src/codecs/jsquash.ts";
import { CODEC_MODULES } from "../../../src/codecs/node-modules.ts";
import { firstWebpFrame, plainWebp, riffChunk, vp8x, webpFile } from "../../../src/codecs/webp-container.ts";
import { concat, le } from "../../../src/core/bytes.ts";
import type { Size } from "../../../src/core/image.ts";
import { probe } from "../../../src/core/probe/probe.ts";
import { VP8X_ANIMATION, webpChunks } from "../../../src/core/probe/webp.ts";
import { fixture } from "../../fixtures/read.ts";

const SMALL = { width: 16, height: 16 };
const LARGE = { width: 45, height: 29 };
const SMALL_HEADER = vp8x(VP8X_ANIMATION, SMALL);
const LARGE_HEADER = vp8x(VP8X_ANIMATION, LARGE);
/** The header of a VP8 key frame. */
const still = ({ width, height }: Size) =>
  riffChunk("VP8 ", Uint8Array.of(0x10, 1, 0, 0x9d, 1, 0x2a, width, 0, height, 0));
const SMALL_STILL = still(SMALL);
const LARGE_STILL = concat([...webpChunks(fixture("lossless.webp"))].map(({ whole }) => whole));

/** An animation frame that declares this size and place; x and y are even. */
function frame({ width, height }: Size, still: Uint8Array, { x = 0, y = 0 } = {}): Uint8Array {
  const place = concat([le(x / 2, 3), le(y / 2, 3), le(width - 1, 3), le(height - 1, 3)]);
  return riffChunk("ANMF", concat([place, new Uint8Array(4), still]));
}

const LARGE_FRAME = frame(LARGE, LARGE_STILL);

it("pads a chunk of odd length, so that the next one is found", () => {
  const chunks = [...webpChunks(webpFile([riffChunk("ICCP", Uint8Array.of(1, 2, 3)), SMALL_STILL]))];
  expect(chunks.map(({ type, data }) => [type, data.length])).toEqual([
    ["ICCP", 3],
    ["VP8 ", 10],
  ]);
});

it("leaves of an animation its first frame, whatever else is in it", () => {
  const first = frame(SMALL, SMALL_STILL);
  const bytes = webpFile([SMALL_HEADER, LARGE_STILL, first, LARGE_FRAME, riffChunk("EXIF", new Uint8Array(4))]);
  expect(plainWebp(bytes)).toEqual(webpFile([SMALL_HEADER, first]));
});

describe("firstWebpFrame", () => {
  it.each([
    ["a second canvas", [SMALL_HEADER, LARGE_HEADER, LARGE_FRAME]],
    ["a second canvas that says it is still", [SMALL_HEADER, vp8x(0, LARGE), LARGE_STILL, frame(SMALL, SMALL_STILL)]],
    ["a canvas behind a still picture", [SMALL_STILL, LARGE_HEADER, LARGE_FRAME]],
    ["a frame behind a still picture", [SMALL_STILL, frame(SMALL, SMALL_STILL)]],
    ["a frame larger than its canvas", [SMALL_HEADER, LARGE_FRAME]],
    ["a frame right of its canvas", [SMALL_HEADER, frame(SMALL, SMALL_STILL, { x: 2 })]],
    ["a frame below its canvas", [SMALL_HEADER, frame(SMALL, SMALL_STILL, { y: 2 })]],
    ["a bitstream wider than its frame", [SMALL_HEADER, frame(SMALL, still({ width: 17, height: 16 }))]],
    ["a bitstream taller than its frame", [SMALL_HEADER, frame(SMALL, still({ width: 16, height: 17 }))]],
    ["a frame of no pixels", [SMALL_HEADER, frame(SMALL, new Uint8Array())]],
  ])("refuses %s, which the limits have not seen", async (_, chunks) => {
    const bytes = webpFile(chunks);
    const header = probe(bytes);
    expect(header).toMatchObject(SMALL);
    expect(() => firstWebpFrame(bytes, header)).toThrow(expect.objectContaining({ code: "undecodable_image" }));
    await expect(createCodecs(CODEC_MODULES).decode(bytes, header)).rejects.toMatchObject({
      code: "undecodable_image",
    });
  });

  it("finds none where the header says that the picture is still", () => {
    const bytes = webpFile([vp8x(0, LARGE), LARGE_STILL, frame(SMALL, SMALL_STILL)]);
    expect(firstWebpFrame(bytes, LARGE)).toBeUndefined();
  });
});
