import { expect, it } from "vitest";
import { cut, pad } from "../../../src/core/canvas.ts";

/** A picture whose pixels hold their own index in all four channels. */
function numbered(width: number, height: number) {
  return { width, height, data: Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => i >> 2) };
}

const firsts = ({ data }: { data: Uint8ClampedArray }) => [...data].filter((_, i) => i % 4 === 0);

it("cuts a part out", () => {
  expect(firsts(cut(numbered(4, 3), { x: 1, y: 1, width: 2, height: 2 }))).toEqual([5, 6, 9, 10]);
  const whole = numbered(4, 3);
  expect(cut(whole, { x: 0, y: 0, width: 4, height: 3 })).toBe(whole);
});

it("puts a picture in the middle, where there is none nearest to it above and left", () => {
  const framed = pad(numbered(2, 1), { width: 5, height: 4 }, [77, 0, 0, 255]);
  expect(firsts(framed)).toEqual([...Array(5).fill(77), 77, 0, 1, 77, 77, ...Array(10).fill(77)]);
  expect([...framed.data.subarray(0, 4)]).toEqual([77, 0, 0, 255]);
  const [wider, higher] = [
    { width: 3, height: 1 },
    { width: 2, height: 2 },
  ].map((size) => pad(numbered(2, 1), size, [77, 0, 0, 255]));
  expect([wider, higher].map((image) => image && firsts(image))).toEqual([
    [0, 1, 77],
    [0, 1, 77, 77],
  ]);
});
