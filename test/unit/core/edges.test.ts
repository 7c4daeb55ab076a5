import { describe, expect, it } from "vitest";
import { antialias, hardEdges } from "../../../src/core/edges.ts";
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

/** Waves, without an edge. */
const smooth = (x: number, y: number) => [80 + 70 * Math.sin(x / 3), 60 + y, 90] as const;

/** What a smooth filter makes of `image`. */
const shrunk = ({ width, height, data }: Rgba, factor: number): Rgba =>
  resize({ width, height, data }, { width: width / factor, height: height / factor });

describe("hardEdges", () => {
  it.each<[string, Rgba, "colour" | "alpha"]>([
    ["a disc without antialiasing", disc(32, BLUE, WHITE), "colour"],
    ["one that only transparency shows", disc(32, BLUE, [30, 90, 200, 0]), "alpha"],
    ["a smooth picture cut out", draw(32, (x, y) => [...smooth(x, y), y < 20 ? 255 : 0]), "alpha"],
    ["a drawing that fades", draw(32, (x, y) => [x % 8 < 3 ? 0 : 200, 0, 0, 8 * y + 7]), "colour"],
    ["lines along the pixels", draw(32, (x) => (x % 8 < 3 ? BLUE : WHITE)), "colour"],
    ["lines across them", draw(32, (_, y) => (y % 8 < 3 ? BLUE : WHITE)), "colour"],
    [
      "colours a little uneven",
      draw(32, (x, y) => (x < 16 ? [(x + y) % 2, 0, 0, 255] : [200, 200 + (y % 2), 200, 255])),
      "colour",
    ],
  ])("are in %s", (_, image, where) => {
    expect(hardEdges(image)).toEqual({ colour: where === "colour", alpha: where === "alpha" });
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
    [
      "sides cut along the pixels, ends antialiased",
      draw(32, (x, y) => [30, 90, 200, x % 8 < 4 ? 0 : y === 9 ? 128 : 255]),
    ],
    ["one pixel", draw(1, () => BLUE)],
    ["a smooth picture in a frame", draw(64, (x, y) => (y < 6 || y > 57 ? WHITE : [...smooth(x, y), 255]))],
  ])("are not in %s", (_, image) => {
    expect(hardEdges(image)).toEqual({ colour: false, alpha: false });
  });
});

describe("antialias", () => {
  it("takes a tenth from either side, and leaves what is plain", () => {
    const dot = draw(5, (x, y) => (x === 2 && y === 2 ? [100, 200, 0, 255] : [0, 0, 0, 55]));
    const { data } = antialias(dot, { colour: true, alpha: true });
    const at = (x: number, y: number) => [...data.subarray(4 * (5 * y + x), 4 * (5 * y + x) + 4)];
    expect(at(2, 2)).toEqual([64, 128, 0, 183]);
    expect(at(1, 2)).toEqual([8, 16, 0, 71]);
    expect(at(2, 3)).toEqual(at(1, 2));
    expect(at(3, 3)).toEqual([1, 2, 0, 57]);
    expect([at(0, 0), at(4, 4), at(4, 2), at(2, 0)]).toEqual(new Array(4).fill([0, 0, 0, 55]));
  });

  it.each([
    [{ colour: true, alpha: false }, [80, 80, 80, 255]],
    [{ colour: false, alpha: true }, [100, 100, 100, 204]],
  ])("changes what %j says alone", (hard, expected) => {
    const { data } = antialias(
      draw(3, (x) => (x === 1 ? [100, 100, 100, 255] : CLEAR)),
      hard,
    );
    expect([...data.subarray(16, 20)]).toEqual(expected);
  });

  it("repeats the border", () => {
    const columns = draw(3, (x) => (x === 0 ? [100, 0, 0, 255] : [0, 0, 0, 255]));
    const { data } = antialias(columns, { colour: true, alpha: true });
    expect([...data].filter((_, i) => i % 4 === 0)).toEqual([90, 10, 0, 90, 10, 0, 90, 10, 0]);
  });
});
