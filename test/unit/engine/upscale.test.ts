import { expect, it } from "vitest";
import type { Rgb } from "../../../src/core/image.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { upscaleRgb } from "../../../src/engine/upscale.ts";
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
    expect(await upscaleRgb(repeater, image, scale, { tiling: TILING })).toEqual(await repeater.upscale(image, scale));
  }
});

it.each([
  [100, 47],
  [33, 81],
  [40, 20],
] as const)("puts a picture of %ix%i together from equal tiles, several at a time", async (width, height) => {
  const image = noise(width, height);
  const options = { tiling: { ...TILING, equal: true }, concurrency: 3 };
  expect(await upscaleRgb(repeater, image, 2, options)).toEqual(await repeater.upscale(image, 2));
});

it("continues a picture beyond its last tile as the network pads it", async () => {
  const seen: Rgb[] = [];
  const watcher: Engine = {
    ...repeater,
    upscale: (tile, scale) => {
      seen.push(tile);
      return repeater.upscale(tile, scale);
    },
  };
  const ramp = { width: 35, height: 1, data: Uint8ClampedArray.from({ length: 3 * 35 }, (_, i) => Math.floor(i / 3)) };
  await upscaleRgb(watcher, ramp, 2, { tiling: { ...TILING, equal: true } });
  const last = seen.at(-1)?.data.filter((_, i) => i % 3 === 0) ?? [];
  expect([...last]).toEqual([
    ...Array.from({ length: 19 }, (_, i) => 16 + i),
    ...Array.from({ length: 13 }, (_, i) => 33 - i),
  ]);
});

it.each([
  [4, 4],
  [undefined, 1],
])("hands the engine no more tiles at a time than it may: of %s, %i", async (concurrency, expected) => {
  const { engine, most } = slowRepeater();
  await upscaleRgb(engine, noise(100, 100), 2, { tiling: TILING, concurrency });
  expect(most()).toBe(expected);
});
