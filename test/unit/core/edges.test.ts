import { describe, expect, it } from "vitest";
import { antialias, isHardEdged } from "../../../src/core/edges.ts";
import type { Rgba } from "../../../src/core/image.ts";
import { resize } from "../../../src/core/resample.ts";

type Pixel = readonly [red: number, green: number, blue: number, alpha: number];
const WHITE: Pixel = [255, 255, 255, 255];
const BLUE: Pixel = [30, 90, 200, 255];
const CLEAR: Pixel = [0, 0, 0, 0];

function draw(side: number, pixel: (x: number, y: number) => Pixel): Rgba {
  const data = new Uint8ClampedArray(4 * side * side);
  for (let i = 0; i < side * side; i++) data.set(pixel(i % side, Math.floor(i / side)), 4 * i);
  return { width: side, height: side, data };
}

/** Of a third of the picture's side. */
const disc = (side: number, inside: Pixel, outside: Pixel) =>
  draw(side, (x, y) => (Math.hypot(x - side / 2 + 0.5, y - side / 2 + 0.5) < side / 3 ? inside : outside));

/** What a smooth filter makes of `image`. */
const shrunk = ({ width, height, data }: Rgba, factor: number): Rgba =>
  resize({ width, height, data }, { width: width / factor, height: height / factor });

describe("isHardEdged", () => {
  it.each<[string, Rgba]>([
    ["a disc without antialiasing", disc(32, BLUE, WHITE)],
    ["one that only transparency shows", disc(32, BLUE, [30, 90, 200, 0])],
    ["lines along the pixels", draw(32, (x) => (x % 8 < 3 ? BLUE : WHITE))],
    ["lines across them", draw(32, (_, y) => (y % 8 < 3 ? BLUE : WHITE))],
    [
      "colours a little uneven",
      draw(32, (x, y) => (x < 16 ? [(x + y) % 2, 0, 0, 255] : [200, 200 + (y % 2), 200, 255])),
    ],
  ])("is %s", (_, image) => {
    expect(isHardEdged(image)).toBe(true);
  });

  it.each<[string, Rgba]>([
    ["the same disc shrunk", shrunk(disc(128, BLUE, WHITE), 4)],
    [
      "lines shrunk",
      shrunk(
        draw(128, (x) => (x % 31 < 12 ? BLUE : WHITE)),
        4,
      ),
    ],
    ["an edge with a pixel between", draw(32, (x) => (x < 15 ? BLUE : x > 15 ? WHITE : [140, 170, 230, 255]))],
    ["low steps", draw(32, (x) => (x % 8 < 4 ? [100, 100, 100, 255] : [131, 131, 131, 255]))],
    ["noise", draw(32, (x, y) => [(x * 97 + y * y * 57) % 256, (x * y * 31) % 256, 0, 255])],
    ["few edges", disc(4, BLUE, WHITE)],
    ["hidden colours", draw(32, (x) => (x % 8 < 4 ? [255, 255, 255, 7] : CLEAR))],
    [
      "a soft shape above hidden black",
      draw(32, (x) => [255, 255, 255, [0, 0, 90, 180, 255, 255, 180, 90][x % 8] ?? 0]),
    ],
    ["one pixel", draw(1, () => BLUE)],
  ])("is not %s", (_, image) => {
    expect(isHardEdged(image)).toBe(false);
  });
});

describe("antialias", () => {
  it("takes a tenth from either side, and leaves what is plain", () => {
    const dot = draw(5, (x, y) => (x === 2 && y === 2 ? [100, 200, 0, 255] : [0, 0, 0, 55]));
    const { data } = antialias(dot);
    const at = (x: number, y: number) => [...data.subarray(4 * (5 * y + x), 4 * (5 * y + x) + 4)];
    expect(at(2, 2)).toEqual([64, 128, 0, 183]);
    expect(at(1, 2)).toEqual([8, 16, 0, 71]);
    expect(at(2, 3)).toEqual(at(1, 2));
    expect(at(3, 3)).toEqual([1, 2, 0, 57]);
    expect([at(0, 0), at(4, 4), at(4, 2), at(2, 0)]).toEqual(new Array(4).fill([0, 0, 0, 55]));
  });

  it("repeats the border", () => {
    const columns = draw(3, (x) => (x === 0 ? [100, 0, 0, 255] : [0, 0, 0, 255]));
    const { data } = antialias(columns);
    expect([...data].filter((_, i) => i % 4 === 0)).toEqual([90, 10, 0, 90, 10, 0, 90, 10, 0]);
  });
});
