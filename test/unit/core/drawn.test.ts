import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { isDrawn } from "../../../src/core/drawn.ts";
import type { Rgba } from "../../../src/core/image.ts";
import { resize } from "../../../src/core/resample.ts";
import { pixels } from "../pixels.ts";

type Pixel = readonly [red: number, green: number, blue: number, alpha: number];
const WHITE: Pixel = [255, 255, 255, 255];
const BLUE: Pixel = [30, 90, 200, 255];
const CLEAR: Pixel = [0, 0, 0, 0];

function draw(side: number, pixel: (x: number, y: number) => Pixel): Rgba {
  const data = new Uint8ClampedArray(4 * side * side);
  for (let i = 0; i < side * side; i++) data.set(pixel(i % side, Math.floor(i / side)), 4 * i);
  return { width: side, height: side, data };
}

/** A disc whose radius is a third of the picture's side. */
const disc = (side: number, inside: Pixel, outside: Pixel) =>
  draw(side, (x, y) => (Math.hypot(x - side / 2 + 0.5, y - side / 2 + 0.5) < side / 3 ? inside : outside));

/** Waves, without an edge. */
const smooth = (x: number, y: number) => [80 + 70 * Math.sin(x / 3), 60 + y, 90] as const;

/** The image, shrunk with a smooth filter. */
const shrunk = ({ width, height, data }: Rgba, factor: number): Rgba =>
  resize({ width, height, data }, { width: width / factor, height: height / factor });

const noise = (x: number, y: number) => (x * 97 + y * y * 57) % 256;

/** Columns of grey, repeated from left to right. */
const columns = (...brightness: number[]) =>
  draw(48, (x) => {
    const value = brightness[x % brightness.length] ?? 0;
    return [value, value, value, 255];
  });

/** Edges that rise in four steps and fall softly in `steps`. */
const slopes = (steps: number) => {
  const down = Array.from({ length: steps }, (_, i) => 200 - (200 * i) / steps);
  return columns(...[0, 0, 50, 100, 150, 200, ...down].concat(Array<number>(24).fill(0)).slice(0, 24));
};

/** A mixture of white and this share of blue. */
const mixed = (share: number): Pixel => [255 - 225 * share, 255 - 165 * share, 255 - 55 * share, 255];

/** The upper half of one picture above that of another. */
const above = (upper: Rgba, lower: Rgba) =>
  draw(upper.width, (x, y) => {
    const [image, row] = y < upper.height / 2 ? [upper, y] : [lower, y - upper.height / 2];
    return [...image.data.subarray(4 * (row * image.width + x), 4 * (row * image.width + x) + 4)] as unknown as Pixel;
  });

/** Nine blocks of 64x64 pixels; the first `lined` have lines, the others noise. */
const page = (lined: number) =>
  draw(192, (x, y) => {
    const block = 3 * Math.floor(y / 64) + Math.floor(x / 64);
    const brightness = block < lined ? (x % 8 < 3 ? 0 : 255) : noise(x, y);
    return [brightness, brightness, brightness, 255];
  });

describe("isDrawn", () => {
  it.each<[string, Rgba]>([
    ["a disc without antialiasing", disc(32, BLUE, WHITE)],
    ["one that is antialiased", draw(48, (x, y) => mixed(Math.max(0, Math.min(1, 16 - Math.hypot(x - 23, y - 23)))))],
    ["a drawing cut out", draw(32, (x, y) => (y > 20 ? CLEAR : x % 8 < 3 ? BLUE : WHITE))],
    ["lines along the pixels", draw(32, (x) => (x % 8 < 3 ? BLUE : WHITE))],
    ["lines across them", draw(32, (_, y) => (y % 8 < 3 ? BLUE : WHITE))],
    ["edges with a pixel between", columns(0, 0, 0, 90, 200, 200, 200, 90)],
    ["edges with three pixels between", columns(0, 0, 0, 50, 100, 150, 200, 200, 200, 150, 100, 50)],
    ["thin lines", columns(255, 255, 255, 255, 180)],
    ["antialiased ones", columns(255, 255, 255, 100, 20, 255)],
    ["a shrunk disc", shrunk(disc(128, BLUE, WHITE), 4)],
    [
      "colours a little uneven",
      draw(32, (x, y) => (x < 16 ? [2 * ((x + y) % 2), 0, 0, 255] : [200, 200 + 2 * (y % 2), 200, 255])),
    ],
    [
      "a drawing with a picture in it",
      above(
        columns(0, 0, 0, 200, 200, 200),
        draw(48, (x, y) => [...smooth(x, y), 255]),
      ),
    ],
    ["letters in three parts of nine", page(3)],
    ["eight edges", draw(8, (x) => (x < 4 ? BLUE : WHITE))],
    ["four sharp steps of seventeen", slopes(13)],
    ["colours of one brightness", draw(32, (x) => (x % 8 < 4 ? [100, 100, 100, 255] : [70, 100, 132, 255]))],
    ["steps high enough", draw(32, (x) => (x % 8 < 4 ? [100, 100, 100, 255] : [132, 132, 132, 255]))],
    ["a small icon", draw(16, (x, y) => (Math.abs(x - 7.5) < 4 && Math.abs(y - 7.5) < 4 ? BLUE : WHITE))],
  ])("holds for %s", (_, image) => {
    expect(isDrawn(image)).toBe(true);
  });

  it.each<[string, Rgba]>([
    ["edges with four pixels between", columns(0, 0, 0, 40, 80, 120, 160, 200, 200, 200, 160, 120, 80, 40)],
    ["four sharp steps of eighteen", slopes(14)],
    ["low steps", draw(32, (x) => (x % 8 < 4 ? [100, 100, 100, 255] : [131, 131, 131, 255]))],
    ["noise", draw(32, (x, y) => [noise(x, y), (x * y * 31) % 256, 0, 255])],
    ["seven edges", draw(7, (x) => (x < 4 ? BLUE : WHITE))],
    ["letters in two parts of nine", page(2)],
    ["edges at the border alone", draw(32, (x, y) => (Math.min(x, y) === 0 || Math.max(x, y) === 31 ? BLUE : WHITE))],
    ["a smooth picture cut out", draw(64, (x, y) => [...smooth(x, y), y < 40 ? 255 : 0])],
    ["hidden colours", draw(32, (x) => [x % 8 < 4 ? 255 : 0, 0, 0, 7])],
    ["a shape of one colour", disc(32, BLUE, [30, 90, 200, 0])],
    ["a soft shape", draw(32, (x) => [255, 255, 255, [0, 0, 90, 180, 255, 255, 180, 90][x % 8] ?? 0])],
    ["one pixel", draw(1, () => BLUE)],
    ["a smooth picture in a frame", draw(64, (x, y) => (y < 6 || y > 57 ? WHITE : [...smooth(x, y), 255]))],
  ])("does not hold for %s", (_, image) => {
    expect(isDrawn(image)).toBe(false);
  });

  it.each<[string, boolean]>([
    ["chart.png", true],
    ["screen.png", true],
    ["text.png", true],
    ["logo.png", true],
    ["scene.png", false],
    ["lines.png", false],
  ])("of the sample %s is %s", async (name, expected) => {
    expect(isDrawn(await pixels(sharp(`src/web/samples/${name}`)))).toBe(expected);
  });
});
