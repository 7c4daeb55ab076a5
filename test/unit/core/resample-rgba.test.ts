import fc from "fast-check";
import { expect, it } from "vitest";
import type { Rgba } from "../../../src/core/image.ts";
import { resizeRgba } from "../../../src/core/resample-rgba.ts";
import { cpuMs } from "../../cpu-ms.ts";

const side = fc.integer({ min: 1, max: 24 });

function picture(width: number, height: number, at: (x: number, y: number) => readonly number[]): Rgba {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) data.set(at(i % width, Math.floor(i / width)), 4 * i);
  return { width, height, data };
}

const whole = ({ width, height }: Rgba) => ({ x: 0, y: 0, width, height });

it("has the size asked for and keeps a constant picture constant, transparent or not", () => {
  const colour = fc.tuple(...Array.from({ length: 3 }, () => fc.integer({ min: 0, max: 255 })));
  fc.assert(
    fc.property(colour, fc.integer({ min: 1, max: 255 }), fc.tuple(side, side, side, side), (rgb, alpha, sides) => {
      const [fromWidth, fromHeight, width, height] = sides;
      const image = picture(fromWidth, fromHeight, () => [...rgb, alpha]);
      expect(resizeRgba(image, { window: whole(image), width, height, light: true })).toEqual(
        picture(width, height, () => [...rgb, alpha]),
      );
    }),
  );
});

it("is the identity at its own size, and the cut at its own scale", () => {
  const noise = picture(20, 15, (x, y) => [x * 12, y * 17, (x * 7919 + y * 104_729) % 256, 255 - y]);
  expect(resizeRgba(noise, { window: whole(noise), width: 20, height: 15, light: true })).toEqual(noise);
  const part = resizeRgba(noise, { window: { x: 3, y: 2, width: 9, height: 8 }, width: 9, height: 8, light: true });
  expect(part).toEqual(picture(9, 8, (x, y) => [...noise.data.subarray(4 * (20 * (y + 2) + x + 3)).subarray(0, 4)]));
});

it("keeps the brightness of fine detail: half the light is 188, not 128", () => {
  const board = picture(64, 64, (x, y) => [...Array(3).fill(255 * ((x + y) % 2)), 255]);
  const { data } = resizeRgba(board, { window: whole(board), width: 16, height: 16, light: true });
  const inner = [...data].filter((_, i) => i % 4 < 3 && isInner(i >> 2, 16));
  expect(Math.min(...inner)).toBeGreaterThanOrEqual(186);
  expect(Math.max(...inner)).toBeLessThanOrEqual(189);
});

it("takes values as they are stored where light is not asked for", () => {
  const board = picture(64, 64, (x, y) => [...Array(3).fill(255 * ((x + y) % 2)), 255]);
  const { data } = resizeRgba(board, { window: whole(board), width: 16, height: 16, light: false });
  const inner = [...data].filter((_, i) => i % 4 < 3 && isInner(i >> 2, 16));
  expect(Math.min(...inner)).toBeGreaterThanOrEqual(126);
  expect(Math.max(...inner)).toBeLessThanOrEqual(129);
});

it("does not let colour in from where the picture is transparent", () => {
  const edge = picture(40, 40, (x) => (x < 20 ? [200, 30, 90, 255] : [0, 255, 0, 0]));
  for (const width of [13, 17, 40, 90]) {
    const { data } = resizeRgba(edge, { window: whole(edge), width, height: 10, light: true });
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] === 0) continue;
      expect(Math.abs((data[i] ?? 0) - 200), `red at ${i / 4} of ${width}`).toBeLessThanOrEqual(1);
      expect(Math.abs((data[i + 1] ?? 0) - 30), `green at ${i / 4} of ${width}`).toBeLessThanOrEqual(1);
    }
  }
});

it("leaves no colour where nothing can be seen of it", () => {
  const edge = picture(40, 1, (x) => [200, 30, 90, x < 20 ? 1 : 0]);
  // At width 13, the middle pixel gets half of alpha 1, which rounds to nothing.
  for (const width of [13, 90]) {
    const { data } = resizeRgba(edge, { window: whole(edge), width, height: 1, light: true });
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 0) expect(data[i], `at ${i / 4} of ${width}`).toBe(0);
  }
});

it("makes what is dark beside what is bright little darker where it shrinks", () => {
  const stripe = picture(120, 1, (x) => [...Array(3).fill(x < 57 || x > 61 ? 90 : 255), 255]);
  const { data } = resizeRgba(stripe, { window: whole(stripe), width: 40, height: 1, light: true });
  expect(Math.min(...data)).toBeGreaterThan(65);
});

it.each([
  [6, 2],
  [9, 3],
  [18, 6],
])("finds its place where %i pixels become one, of which %i were averaged before", (factor) => {
  const ramp = picture(600, 3, (x) => [...Array(3).fill((x * 255) / 599), 255]);
  const part = { x: 101, y: 0, width: 20 * factor, height: 3 };
  const { data } = resizeRgba(ramp, { window: part, width: 20, height: 3, light: true });
  for (let x = 0; x < 20; x++) {
    const centre = ((part.x + (x + 0.5) * factor - 0.5) * 255) / 599;
    expect(Math.abs((data[4 * x] ?? 0) - centre), `at ${x}`).toBeLessThanOrEqual(1);
  }
});

it("keeps white and black beside an edge, where the kernel overshoots", () => {
  const edge = picture(16, 1, (x) => [...Array(3).fill(x < 8 ? 255 : 0), 255]);
  const { data } = resizeRgba(edge, { window: whole(edge), width: 64, height: 1, light: true });
  const grey = [...data].filter((_, i) => i % 4 === 0);
  expect(Math.min(...grey.slice(0, 28))).toBeGreaterThan(240);
  expect(Math.max(...grey.slice(36))).toBeLessThan(60);
});

it("agrees with the ends of a ramp and rises between them", () => {
  const ramp = picture(256, 1, (x) => [x, x, x, 255]);
  const { data } = resizeRgba(ramp, {
    window: { x: 64, y: 0, width: 128, height: 1 },
    width: 32,
    height: 1,
    light: true,
  });
  const grey = [...data].filter((_, i) => i % 4 === 0);
  expect(grey).toEqual([...grey].sort((a, b) => a - b));
  expect(grey[0]).toBeGreaterThanOrEqual(64);
  expect(grey.at(-1)).toBeLessThanOrEqual(192);
});

function isInner(pixel: number, width: number): boolean {
  const [x, y] = [pixel % width, Math.floor(pixel / width)];
  return x > 1 && x < width - 2 && y > 1 && y < width - 2;
}

it("makes of a picture on its side what it makes of it, on its side", () => {
  const turned = ({ width, height, data }: Rgba) =>
    picture(height, width, (x, y) => [...data.subarray(4 * (width * x + y), 4 * (width * x + y + 1))]);
  fc.assert(
    fc.property(fc.tuple(side, side, side, side), ([fromWidth, fromHeight, width, height]) => {
      const image = picture(fromWidth, fromHeight, (x, y) => [x * 10, y * 10, (x * 7919 + y * 104_729) % 256, 255 - x]);
      const result = resizeRgba(image, { window: whole(image), width, height, light: true });
      const other = turned(image);
      const onItsSide = resizeRgba(other, { window: whole(other), width: height, height: width, light: true });
      const differences = turned(onItsSide).data.map((value, i) => Math.abs(value - (result.data[i] ?? 0)));
      expect(Math.max(...differences)).toBeLessThanOrEqual(1);
    }),
  );
});

it("takes about as long as the pixels of the two take, however wide the one and tall the other", () => {
  const wide = picture(65_535, 4, (x) => [x, x, x, 255]);
  const square = picture(512, 512, (x) => [x, x, x, 255]);
  const seconds = (image: Rgba, width: number, height: number) => {
    const started = cpuMs();
    resizeRgba(image, { window: whole(image), width, height, light: true });
    return (cpuMs() - started) / 1000;
  };
  seconds(square, 1024, 1024);
  expect(seconds(wide, 64, 16_383)).toBeLessThan(20 * seconds(square, 1024, 1024));
  expect(seconds(wide, 65_535, 16)).toBeLessThan(20 * seconds(square, 1024, 1024));
});
