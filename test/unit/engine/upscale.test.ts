import { expect, it } from "vitest";
import type { Rgb } from "../../../src/core/image.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { upscaleRgb, upscaleRgba } from "../../../src/engine/upscale.ts";

const TILING = { size: 32, overlap: 16 };

/** Repeats pixels: what it makes of a tile is what it makes of the whole, so a wrong cut or paste shows. */
const repeater: Engine = {
  name: "repeater",
  async upscale({ width, height, data }, scale) {
    const output = new Uint8ClampedArray(3 * width * height * scale ** 2);
    for (let y = 0; y < scale * height; y++) {
      for (let x = 0; x < scale * width; x++) {
        const from = 3 * (Math.floor(y / scale) * width + Math.floor(x / scale));
        output.set(data.subarray(from, from + 3), 3 * (y * scale * width + x));
      }
    }
    return { width: scale * width, height: scale * height, data: output };
  },
};

function noise(width: number, height: number): Rgb {
  const data = new Uint8ClampedArray(3 * width * height);
  for (let i = 0, state = 1; i < data.length; i++) {
    state = (Math.imul(state, 48_271) >>> 0) % 2_147_483_647;
    data[i] = state % 256;
  }
  return { width, height, data };
}

function withAlpha({ width, height, data }: Rgb, alpha: (x: number, y: number) => number) {
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) {
    rgba.set(data.subarray(3 * i, 3 * i + 3), 4 * i);
    rgba[4 * i + 3] = alpha(i % width, Math.floor(i / width));
  }
  return { width, height, data: rgba };
}

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

it("hands the engine no more tiles at a time than it may", async () => {
  let [running, most] = [0, 0];
  const slow: Engine = {
    ...repeater,
    async upscale(tile, scale) {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
      return await repeater.upscale(tile, scale);
    },
  };
  await upscaleRgb(slow, noise(100, 100), 2, { tiling: TILING, concurrency: 4 });
  expect(most).toBe(4);
});

it("tells how far it is, colour and transparency together", async () => {
  const seen: string[] = [];
  const image = withAlpha(noise(40, 8), (x) => x);
  await upscaleRgba(repeater, image, 2, { tiling: TILING, onTile: (done, total) => seen.push(`${done}/${total}`) });
  expect(seen).toEqual(["1/4", "2/4", "3/4", "4/4"]);
});

it("sends an alpha that is the same everywhere through no network", async () => {
  let tiles = 0;
  const options = { tiling: TILING, onTile: () => tiles++ };
  const { data } = await upscaleRgba(
    repeater,
    withAlpha(noise(20, 20), () => 77),
    2,
    options,
  );
  expect(tiles).toBe(1);
  expect(data.filter((_, i) => i % 4 === 3)).toEqual(new Uint8ClampedArray(1600).fill(77));
});

it("keeps alpha exactly where its neighbourhood is flat, and takes the network's word elsewhere", async () => {
  const dimmer: Engine = {
    name: "dimmer",
    async upscale(tile, scale) {
      const { data, ...size } = await repeater.upscale(tile, scale);
      return { ...size, data: data.map((value) => value * 0.5) };
    },
  };
  const { data } = await upscaleRgba(
    dimmer,
    withAlpha(noise(6, 1), (x) => (x < 3 ? 0 : 200)),
    2,
    { tiling: TILING },
  );
  const alpha = [...data.subarray(0, 4 * 12)].filter((_, i) => i % 4 === 3);
  expect(alpha).toEqual([0, 0, 0, 0, 0, 0, 100, 100, 200, 200, 200, 200]);
});

/** Adds 0 to red, 3 to green, and 6 to blue, as a network adds a little of each. */
const tinter: Engine = {
  name: "tinter",
  async upscale(tile, scale) {
    const { data, ...size } = await repeater.upscale(tile, scale);
    return { ...size, data: data.map((value, i) => value + 3 * (i % 3)) };
  },
};

it.each([
  ["opaque", () => 255],
  ["half transparent", (x: number) => 20 * x],
])("keeps a grey picture grey, %s, hidden colours left out", async (_, alpha) => {
  const data = Uint8ClampedArray.from({ length: 3 * 10 }, (_, i) => 7 * Math.floor(i / 3));
  if (alpha(0) === 0) data[0] = 99;
  const result = await upscaleRgba(tinter, withAlpha({ width: 10, height: 1, data }, alpha), 2, { tiling: TILING });
  const pixel = (x: number) => [...result.data.subarray(8 * x, 8 * x + 3)];
  expect(Array.from({ length: 9 }, (_, x) => pixel(x + 1))).toEqual(
    Array.from({ length: 9 }, (_, x) => Array.from({ length: 3 }, () => 7 * (x + 1) + 3)),
  );
});

it("takes the network's word for a picture with a pixel of colour", async () => {
  const image = { width: 2, height: 1, data: Uint8ClampedArray.from([50, 50, 50, 50, 51, 50]) };
  const opaque = withAlpha(image, () => 255);
  const { data } = await upscaleRgba(tinter, opaque, 2, { tiling: TILING });
  expect([...data.subarray(0, 4)]).toEqual([50, 53, 56, 255]);
});

it("does not let the colour under transparent pixels into the network", async () => {
  const green = { width: 4, height: 1, data: Uint8ClampedArray.from([0, 255, 0, 0, 255, 0, 90, 0, 0, 90, 0, 0]) };
  const { data } = await upscaleRgba(
    repeater,
    withAlpha(green, (x) => (x < 2 ? 0 : 255)),
    2,
    { tiling: TILING },
  );
  expect(data.filter((_, i) => i % 4 === 1)).toEqual(new Uint8ClampedArray(16));
});
