import { expect, it } from "vitest";
import type { Rgb } from "../../../src/core/image.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { SIMD_TILING } from "../../../src/engine/simd-engine.ts";
import { upscaleRgb } from "../../../src/engine/upscale.ts";
import { clean } from "./clean.ts";
import { noise, repeater, slowRepeater } from "./repeater.ts";

const TILING = { size: 32, overlap: 16 };

it.each([
  [1, 1],
  [33, 16],
  [100, 47],
  [48, 81],
] as const)("puts a picture of %ix%i together from its tiles", async (width, height) => {
  for (const scale of [2, 3, 4] as const) {
    const image = noise(width, height);
    expect(await upscaleRgb(repeater, image, clean(scale), { tiling: TILING })).toEqual(
      await repeater.upscale(image, clean(scale)),
    );
  }
});

it.each([
  [100, 47],
  [33, 81],
  [40, 20],
] as const)("puts a picture of %ix%i together from equal tiles, several at a time", async (width, height) => {
  const image = noise(width, height);
  const options = { tiling: { ...TILING, equal: true }, concurrency: 3 };
  expect(await upscaleRgb(repeater, image, clean(2), options)).toEqual(await repeater.upscale(image, clean(2)));
});

it("continues a picture beyond its last tile as the network pads it", async () => {
  const seen: Rgb[] = [];
  const watcher: Engine = {
    ...repeater,
    upscale: (tile, network) => {
      seen.push(tile);
      return repeater.upscale(tile, network);
    },
  };
  const ramp = { width: 35, height: 1, data: Uint8ClampedArray.from({ length: 3 * 35 }, (_, i) => Math.floor(i / 3)) };
  await upscaleRgb(watcher, ramp, clean(2), { tiling: { ...TILING, equal: true } });
  const last = seen.at(-1)?.data.filter((_, i) => i % 3 === 0) ?? [];
  expect([...last]).toEqual([
    ...Array.from({ length: 19 }, (_, i) => 16 + i),
    ...Array.from({ length: 13 }, (_, i) => 33 - i),
  ]);
});

/** Noise on a plain ground. */
function onGround(width: number, height: number, { x, y, side }: { x: number; y: number; side: number }): Rgb {
  const image = { width, height, data: new Uint8ClampedArray(3 * width * height).fill(200) };
  const spot = noise(side, side);
  for (let row = 0; row < side; row++) {
    image.data.set(spot.data.subarray(3 * row * side, 3 * (row + 1) * side), 3 * ((y + row) * width + x));
  }
  return image;
}

/** A repeater that adds 20 to each sample; `pixels` tells how many pixels it has got. */
function counter() {
  let pixels = 0;
  const engine: Engine = {
    ...repeater,
    async upscale(tile, network) {
      pixels += tile.width * tile.height;
      const { data, ...size } = await repeater.upscale(tile, network);
      return { ...size, data: data.map((value) => value + 20) };
    },
  };
  return { engine, pixels: () => pixels };
}

const GROUNDS = [
  onGround(150, 130, { x: 70, y: 20, side: 30 }),
  onGround(90, 100, { x: 80, y: 90, side: 10 }),
  onGround(64, 200, { x: 0, y: 0, side: 0 }),
];

it.each([2, 3, 4] as const)("puts x%i of a plain ground and what is on it together", async (scale) => {
  for (const image of GROUNDS) {
    for (const overlap of [0, 16, 32]) {
      const { data } = await upscaleRgb(repeater, image, clean(scale), { tiling: { size: 64, overlap } });
      expect(Buffer.from(data).equals(Buffer.from((await repeater.upscale(image, clean(scale))).data))).toBe(true);
    }
  }
});

it.each([
  ["cut", false],
  ["equal", true],
])(
  "leaves a plain ground as it is, and takes the network's word for what is on it and 4 px around it, tiles %s",
  async (_, equal) => {
    const { engine } = counter();
    const image = onGround(144, 144, { x: 64, y: 72, side: 8 });
    const { data } = await upscaleRgb(engine, image, clean(2), { tiling: { ...SIMD_TILING, equal } });
    const row = (y: number) => [...data.subarray(3 * 288 * y, 3 * 288 * (y + 1))].map((value) => value === 220);
    const reach = (pixels: readonly boolean[]) => [pixels.indexOf(true) / 6, (pixels.lastIndexOf(true) + 1) / 6];
    expect(reach(row(2 * 68))).toEqual([52, 76]);
    expect(reach(row(2 * 68 - 1))).toEqual([-1 / 6, 0]);
    expect(reach(row(2 * 92 - 1))).toEqual([52, 76]);
    expect(reach(row(2 * 92))).toEqual([-1 / 6, 0]);
  },
);

it("hands the engine no more of a plain ground than it needs, but whole tiles where all are equal", async () => {
  const image = onGround(500, 144, { x: 72, y: 72, side: 8 });
  const [parts, equal] = [counter(), counter()];
  await upscaleRgb(parts.engine, image, clean(2), { tiling: SIMD_TILING });
  expect(parts.pixels()).toBe(32 * 32);
  await upscaleRgb(equal.engine, image, clean(2), { tiling: { ...SIMD_TILING, equal: true } });
  expect(equal.pixels()).toBe(144 * 144);
});

it.each([
  [4, 4],
  [undefined, 1],
])("hands the engine no more tiles at a time than it may: of %s, %i", async (concurrency, expected) => {
  const { engine, most } = slowRepeater();
  await upscaleRgb(engine, noise(100, 100), clean(2), { tiling: TILING, concurrency });
  expect(most()).toBe(expected);
});
