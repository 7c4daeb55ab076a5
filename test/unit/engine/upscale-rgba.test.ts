import sharp from "sharp";
import { expect, it } from "vitest";
import { drawChart } from "../../../scripts/samples/chart.ts";
import { flatten, splitAlpha } from "../../../src/core/alpha.ts";
import { type Rgb, type Rgba, SCALES, type Scale, type Variant } from "../../../src/core/image.ts";
import { psnr } from "../../../src/core/metrics.ts";
import { orient } from "../../../src/core/orient.ts";
import { resize } from "../../../src/core/resample.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { ENGINES } from "../../../src/engine/node-engines.ts";
import { upscaleRgba } from "../../../src/engine/upscale-rgba.ts";
import { pixels } from "../pixels.ts";
import { clean } from "./clean.ts";
import { noise, repeater } from "./repeater.ts";

const OPTIONS = { tiling: { size: 32, overlap: 16 } };

/** A repeater that also changes each sample. */
function altering(sample: (value: number, index: number) => number): Engine {
  return {
    name: "altering",
    async upscale(tile, network) {
      const { data, ...size } = await repeater.upscale(tile, network);
      return { ...size, data: data.map(sample) };
    },
  };
}

function withAlpha({ width, height, data }: Rgb, alpha: (x: number, y: number) => number): Rgba {
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) {
    rgba.set(data.subarray(3 * i, 3 * i + 3), 4 * i);
    rgba[4 * i + 3] = alpha(i % width, Math.floor(i / width));
  }
  return { width, height, data: rgba };
}

const row = (...data: number[]): Rgb => ({ width: data.length / 3, height: 1, data: Uint8ClampedArray.from(data) });
const channel = ({ data }: Rgba, c: number) => [...data].filter((_, i) => i % 4 === c);

it("tells how far it is, colour and transparency together", async () => {
  const seen: string[] = [];
  const image = withAlpha(noise(40, 8), (x) => x);
  await upscaleRgba(repeater, image, clean(2), { ...OPTIONS, onTile: (done, total) => seen.push(`${done}/${total}`) });
  expect(seen).toEqual(["1/4", "2/4", "3/4", "4/4"]);
});

it("sends an alpha that is the same everywhere through no network", async () => {
  const seen: string[] = [];
  const image = withAlpha(noise(20, 20), () => 77);
  const onTile = (done: number, total: number) => seen.push(`${done}/${total}`);
  const result = await upscaleRgba(repeater, image, clean(2), { ...OPTIONS, onTile });
  expect(seen).toEqual(["1/1"]);
  expect(channel(result, 3)).toEqual(new Array(1600).fill(77));
  expect(channel(result, 0).slice(0, 4)).toEqual([0, 0, 1, 1].map((x) => image.data[4 * x]));
});

/** Orientations that turn by quarters, each with the one that turns back. */
const TURNS = [
  [1, 1],
  [6, 8],
  [3, 3],
  [8, 6],
] as const;

it.each(TURNS)(
  "keeps alpha exactly where its neighbourhood is flat, and takes the network's word elsewhere, turned by %i",
  async (turn, back) => {
    const dimmer = altering((value) => value * 0.5);
    const image = withAlpha(noise(6, 1), (x) => (x < 3 ? 0 : 200));
    const result = orient(await upscaleRgba(dimmer, orient(image, turn), clean(2), OPTIONS), back);
    expect(channel(result, 3).slice(0, 12)).toEqual([0, 0, 0, 0, 0, 0, 100, 100, 200, 200, 200, 200]);
  },
);

it.each([255, 200, 128, 30, 9])("gives colours back as they were, at an alpha of %i", async (level) => {
  const image = withAlpha(noise(30, 20), (x) => (x < 15 ? level : 255));
  const before = await repeater.upscale(splitAlpha(image).rgb, clean(2));
  const after = splitAlpha(await upscaleRgba(repeater, image, clean(2), OPTIONS)).rgb;
  const worst = Math.max(...after.data.map((value, i) => Math.abs(value - (before.data[i] ?? 0))));
  expect(worst).toBeLessThanOrEqual(Math.ceil(0.5 * (255 / level)));
});

it("lets no colour that cannot be seen come through", async () => {
  const image = withAlpha(row(0, 255, 0, 250, 0, 0, 90, 0, 0, 80, 0, 9), (x) => [0, 3, 255, 255][x] ?? 0);
  const result = await upscaleRgba(repeater, image, clean(2), OPTIONS);
  expect(channel(result, 0).slice(0, 8)).toEqual([90, 90, 90, 90, 90, 90, 80, 80]);
  expect(channel(result, 1)).toEqual(new Array(16).fill(0));
});

const brighter = altering((value) => value + 20);

it.each(TURNS)(
  "keeps what is near transparency within the colours around it, and takes the network's word for the rest, turned by %i",
  async (turn, back) => {
    const red = [60, 70, 65, 65, 66, 67, 68];
    const image = withAlpha(row(...red.flatMap((value) => [value, 60, 0])), (x) => (x < 3 ? 100 : 255));
    const result = orient(await upscaleRgba(brighter, orient(image, turn), clean(2), OPTIONS), back);
    expect(channel(result, 0).slice(0, 14)).toEqual([70, 70, 70, 70, 70, 70, 66, 66, 67, 67, 87, 87, 88, 88]);
  },
);

it("takes the network's word for the colours of what is only cut out", async () => {
  const image = withAlpha(row(60, 60, 0, 70, 60, 0, 65, 60, 0, 67, 60, 0), (x) => (x < 2 ? 0 : 255));
  const result = await upscaleRgba(brighter, image, clean(2), OPTIONS);
  expect(channel(result, 0).slice(4, 8)).toEqual([85, 85, 87, 87]);
});

it.each(SCALES)("draws no darker line along the edge of a plain shape at x%i", async (scale) => {
  const { engine, tiling } = await ENGINES.simd();
  const colour = [30, 90, 200];
  const plain = {
    width: 32,
    height: 32,
    data: Uint8ClampedArray.from({ length: 3 * 32 ** 2 }, (_, i) => colour[i % 3] ?? 0),
  };
  const disc = withAlpha(plain, (x, y) => (Math.hypot(x - 15.5, y - 15.5) < 11 ? 255 : 0));
  const { data } = await upscaleRgba(engine, disc, clean(scale), { tiling });
  const shades = [...data].map((value, i) =>
    (data[i | 3] ?? 0) < 128 ? 0 : Math.abs(value - (colour[i % 4] ?? value)),
  );
  expect(Math.max(...shades)).toBeLessThanOrEqual(6);
});

/** Adds 0 to red, 3 to green and 6 to blue, as a network may tint a picture a little. */
const tinter = altering((value, i) => value + 3 * (i % 3));

it("keeps a grey picture grey", async () => {
  const image = withAlpha(row(10, 10, 10, 80, 80, 80), () => 255);
  const { data } = await upscaleRgba(tinter, image, clean(2), OPTIONS);
  expect([...data.subarray(0, 16)]).toEqual([13, 13, 13, 255, 13, 13, 13, 255, 83, 83, 83, 255, 83, 83, 83, 255]);
});

it("keeps a grey picture grey whose colours are hidden or hardly seen", async () => {
  const grey = row(...Array.from({ length: 30 }, (_, i) => 7 * Math.floor(i / 3)));
  const image = withAlpha({ ...grey, data: grey.data.with(0, 99).with(4, 99) }, (x) => [0, 7][x] ?? 25 * x);
  const result = await upscaleRgba(tinter, image, clean(2), OPTIONS);
  expect(channel(result, 1)).toEqual(channel(result, 0));
  expect(channel(result, 2)).toEqual(channel(result, 0));
});

it("takes the network's word for a picture with a pixel of colour", async () => {
  const image = withAlpha(row(50, 50, 50, 50, 51, 50), () => 255);
  const { data } = await upscaleRgba(tinter, image, clean(2), OPTIONS);
  expect([...data.subarray(0, 4)]).toEqual([50, 53, 56, 255]);
});

const SHAPES = `<svg width="240" height="180" xmlns="http://www.w3.org/2000/svg">
  <filter id="soft"><feGaussianBlur stdDeviation="5"/></filter>
  <circle cx="84" cy="88" r="60" opacity=".5" filter="url(#soft)"/>
  <circle cx="80" cy="80" r="60" fill="#e8b010"/>
  <path d="M120 150 L180 40 L230 150 Z" fill="#2060d0" fill-opacity=".8"/>
  <path d="M20 170 Q 120 120 220 20" fill="none" stroke="#222" stroke-width="5"/>
</svg>`;

it.each([
  [2, 37.5],
  [4, 32],
] as const)(
  "makes x%i of shapes with soft shadows that comes near the truth on any ground",
  async (scale: Scale, bound) => {
    const { engine, tiling } = await ENGINES.simd();
    const truth = await pixels(sharp(Buffer.from(SHAPES)));
    const small = await pixels(sharp(await sharp(Buffer.from(SHAPES)).png().toBuffer()).resize(truth.width / scale));
    const result = await upscaleRgba(engine, small, clean(scale), { tiling });
    for (const ground of [
      [0, 0, 0],
      [255, 255, 255],
      [128, 128, 128],
      [255, 0, 0],
    ] as const) {
      const on = (image: Rgba) => splitAlpha(flatten(image, ground)).rgb;
      expect.soft(psnr(on(result), on(truth), scale)).toBeGreaterThan(bound);
    }
  },
);

it.each([
  [2, 10],
  [4, 4],
] as const)(
  "makes of a chart at x%i by web what is %s dB nearer to the truth than by clean, and than bicubic",
  async (scale, gain) => {
    const { engine, tiling } = await ENGINES.simd();
    const [chart, truth] = [await drawChart(1), await drawChart(scale)];
    const decibel = (image: Rgba) => psnr(splitAlpha(image).rgb, splitAlpha(truth).rgb, scale);
    const bicubic = decibel(resize(chart, truth));
    const [byClean = 0, byWeb = 0] = await Promise.all(
      (["clean", "web"] as const).map(async (variant) =>
        decibel(await upscaleRgba(engine, chart, { scale, variant }, { tiling })),
      ),
    );
    expect(byWeb - Math.max(byClean, bicubic)).toBeGreaterThan(gain);
  },
);

it.each<[string, Variant, (distance: number, height: number) => number, number]>([
  ["pixel by pixel", "web", (distance) => (distance > 0 ? 1 : 0), 0.3],
  ["with antialiasing", "web", (distance) => Math.max(0, Math.min(1, distance + 0.5)), 0.01],
  ["with a feather", "clean", (distance, height) => Math.max(0, Math.min(1, distance / (0.02 * height) + 0.5)), 0.1],
])("is nearer to a photograph cut out %s where %s makes its transparency", async (_, better, opacity, gain) => {
  const { engine, tiling } = await ENGINES.simd();
  const whole = await pixels(sharp("src/web/samples/scene.png"));
  const cutOut = ({ width, height, data }: Rgba): Rgba => ({
    width,
    height,
    data: data.map((value, i) => {
      const [x, y] = [((i >> 2) % width) + 0.5, Math.floor((i >> 2) / width) + 0.5];
      return i % 4 === 3 ? 255 * opacity(0.43 * height - Math.hypot(x - width / 2, y - height / 2), height) : value;
    }),
  });
  const source = cutOut(resize(whole, { width: whole.width / 2, height: whole.height / 2 }));
  const onGrey = (image: Rgba) => splitAlpha(flatten(image, [128, 128, 128])).rgb;
  const decibel = async (variant: Variant, alphaVariant: Variant) =>
    psnr(
      onGrey(await upscaleRgba(engine, source, { scale: 2, variant }, { tiling, alphaVariant })),
      onGrey(cutOut(whole)),
      2,
    );
  const now = await decibel("clean", better);
  expect(now - (await decibel("clean", better === "web" ? "clean" : "web"))).toBeGreaterThan(gain);
  expect(now - (await decibel("web", "web"))).toBeGreaterThan(0.1);
});
