import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { hasHalvedChroma } from "../../../src/core/halved-chroma.ts";
import type { Rgba } from "../../../src/core/image.ts";
import { pixels } from "../pixels.ts";

const SAMPLES = "src/web/samples";
const HALVED = { chromaSubsampling: "4:2:0" };

const scene = (width = 256) => sharp(`${SAMPLES}/scene.png`).removeAlpha().resize(width);
const stored = async (image: Sharp) => sharp(await image.toBuffer());

interface Ways {
  readonly across: boolean;
  readonly down: boolean;
}
const [NEITHER, BOTH] = [
  { across: false, down: false },
  { across: true, down: true },
];

/** Random colours and grey; each way, they change per pixel, or per pair of pixels and are then enlarged bilinearly. */
function waves(colours: Ways, grey: Ways, [width, height] = [100, 90]): Rgba {
  /** The values that pixel `i` mixes, with their shares. */
  const mixed = (i: number, isEnlarged: boolean): (readonly [number, number])[] =>
    isEnlarged
      ? [
          [(i - 1) >> 1, i % 2 ? 0.75 : 0.25],
          [(i + 1) >> 1, i % 2 ? 0.25 : 0.75],
        ]
      : [[i, 1]];
  const value = (x: number, y: number, { across, down }: Ways, phase: number) => {
    let sum = 0;
    for (const [j, ofRow] of mixed(y, down)) {
      for (const [i, ofColumn] of mixed(x, across)) {
        sum += ofRow * ofColumn * 40 * Math.sin(1e4 * Math.sin(i + 256 * j + 65536 * phase));
      }
    }
    return sum;
  };
  const rgb = (x: number, y: number) => {
    const [brightness, red, blue] = [value(x, y, grey, 0), value(x, y, colours, 1), value(x, y, colours, 2)];
    const green = -(0.299 * red + 0.114 * blue) / 0.587; // leaves the brightness as it is
    return [red, green, blue].map((colour) => 128 + brightness + colour);
  };
  const data = Array.from({ length: width * height }, (_, i) => [...rgb(i % width, Math.floor(i / width)), 255]);
  return { width, height, data: Uint8ClampedArray.from(data.flat()) };
}

/** Pixels of random brightness in blocks of `side` pixels that are more or less red or blue; the other colour varies a little. */
function blocks(side: number, isBlue: boolean): Rgba {
  const [width, height] = [96, 96];
  const data = Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [Math.floor((i % width) / side), Math.floor(i / width / side)];
    const [grey, any] = [128 + 40 * Math.sin(1e4 * Math.sin(i)), 10 * Math.sin(1e4 * Math.sin(i + 1e5))];
    const ofBlock = 40 * Math.sin(1e4 * Math.sin(x + 256 * y));
    const [red, blue] = isBlue ? [any, ofBlock] : [ofBlock, any];
    return [grey + red, grey - (0.299 * red + 0.114 * blue) / 0.587, grey + blue, 255];
  });
  return { width, height, data: Uint8ClampedArray.from(data.flat()) };
}

describe("hasHalvedChroma", () => {
  it.each([
    ["lossy WebP", (image: Sharp) => image.webp({ quality: 75 })],
    ["AVIF", (image: Sharp) => image.avif({ quality: 60, ...HALVED })],
    ["JPEG", (image: Sharp) => image.jpeg({ quality: 75 })],
    ["JPEG that takes nothing else away", (image: Sharp) => image.jpeg({ quality: 100, ...HALVED })],
  ])("recognises what was %s, whole, cut out and turned", async (_, store) => {
    const image = await stored(store(scene()));
    expect(hasHalvedChroma(await pixels(image.clone()))).toBe(true);
    expect(hasHalvedChroma(await pixels(image.clone().extract({ left: 3, top: 5, width: 130, height: 120 })))).toBe(
      true,
    );
    expect(hasHalvedChroma(await pixels(image.clone().extract({ left: 104, top: 67, width: 130, height: 120 })))).toBe(
      true,
    );
    expect(hasHalvedChroma(await pixels(image.clone().rotate(90).flip()))).toBe(true);
    expect(hasHalvedChroma(await pixels(image.clone().resize(200)))).toBe(false);
    expect(hasHalvedChroma(await pixels(image.clone().greyscale()))).toBe(false);
  });

  it.each([true, false])("tells pairs from blocks, of either chroma: blue %s", (isBlue) => {
    expect(hasHalvedChroma(blocks(2, isBlue))).toBe(true);
    expect(hasHalvedChroma(blocks(8, isBlue))).toBe(false);
  });

  it.each([
    [0.48, false],
    [0.6, true],
  ])("asks for seven of ten pairs: of colours enlarged to a share of %d", (share, expected) => {
    const [enlarged, whole] = [waves(BOTH, NEITHER, [192, 192]), waves(NEITHER, NEITHER, [192, 192])];
    const data = whole.data.map((value, i) => value + share * ((enlarged.data[i] ?? 0) - value));
    expect(hasHalvedChroma({ ...whole, data })).toBe(expected);
  });

  it("says no of chroma that is whole", async () => {
    const image = await stored(scene().jpeg({ quality: 90, chromaSubsampling: "4:4:4" }));
    expect(hasHalvedChroma(await pixels(image))).toBe(false);
  });

  it.each([60, 80, 92])(
    "says no of a JPEG of quality %i at half its size, where its blocks still show",
    async (quality) => {
      const image = await stored(scene().jpeg({ quality }));
      expect(hasHalvedChroma(await pixels(image.clone()))).toBe(true);
      expect(hasHalvedChroma(await pixels(image.clone().resize(128)))).toBe(false);
    },
  );

  it.each(["scene.png", "landscape.jpg", "harbour.webp", "tiles.avif"])(
    "says no of %s once it is shrunk",
    async (name) => {
      for (const width of [200, 128, 64, 32]) {
        const image = sharp(`${SAMPLES}/${name}`).resize(width, width);
        expect([name, width, hasHalvedChroma(await pixels(image))]).toEqual([name, width, false]);
      }
    },
  );

  it.each<[string, Ways, Ways, boolean]>([
    ["colours alone", BOTH, NEITHER, true],
    ["colours, and grey across", BOTH, { across: true, down: false }, true],
    ["colours, and grey down", BOTH, { across: false, down: true }, true],
    ["colours and grey", BOTH, BOTH, false],
    ["colours across", { across: true, down: false }, NEITHER, false],
    ["colours down", { across: false, down: true }, NEITHER, false],
    ["grey alone", NEITHER, BOTH, false],
    ["nothing", NEITHER, NEITHER, false],
  ])("looks at what was enlarged: %s", (_, colours, grey, expected) => {
    expect(hasHalvedChroma(waves(colours, grey))).toBe(expected);
  });

  it.each([
    [1, 1],
    [4, 300],
    [300, 4],
    [8, 8],
  ])("says no of %ix%i, where there is too little to see", (width, height) => {
    expect(hasHalvedChroma(waves(BOTH, NEITHER, [width, height]))).toBe(false);
  });
});
