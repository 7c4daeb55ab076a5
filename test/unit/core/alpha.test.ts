import { expect, it } from "vitest";
import {
  bleedColours,
  flatten,
  isOpaque,
  joinAlpha,
  premultiply,
  splitAlpha,
  unpremultiply,
} from "../../../src/core/alpha.ts";

const rgba = (width: number, ...data: number[]) => ({
  width,
  height: data.length / 4 / width,
  data: Uint8ClampedArray.from(data),
});

it("splits colours and alpha", () => {
  const { rgb, alpha } = splitAlpha(rgba(2, 1, 2, 3, 4, 5, 6, 7, 8));
  expect([...rgb.data]).toEqual([1, 2, 3, 5, 6, 7]);
  expect([...alpha]).toEqual([4, 8]);
});

it("splits and joins without loss what is of one alpha", () => {
  const image = rgba(2, 1, 2, 3, 4, 5, 6, 7, 4);
  expect(joinAlpha(splitAlpha(image).rgb, 4)).toEqual(image);
});

/** The red channel after bleeding. Expects green and blue to follow it, and alpha to stay as it was. */
function bled(width: number, ...pixels: (readonly [red: number, alpha: number])[]): number[] {
  const image = rgba(width, ...pixels.flatMap(([red, alpha]) => [red, red + 1, red + 2, alpha]));
  const { data } = bleedColours(image);
  for (let i = 0; i < data.length; i += 4) {
    expect([...data.subarray(i, i + 4)]).toEqual([data[i], (data[i] ?? 0) + 1, (data[i] ?? 0) + 2, image.data[i + 3]]);
  }
  return [...data].filter((_, i) => i % 4 === 0);
}

it("bleeds the nearest visible colour under pixels that are hardly seen and leaves the visible ones", () => {
  expect(bled(5, [9, 255], [0, 0], [1, 7], [2, 0], [7, 8])).toEqual([9, 9, 9, 7, 7]);
});

it("bleeds downwards and upwards, but not from one line's end into the next line's start", () => {
  expect(bled(2, [0, 0], [0, 0], [0, 0], [5, 8], [0, 0], [0, 0])).toEqual([5, 5, 5, 5, 5, 5]);
  expect(bled(1, [0, 0], [5, 8])).toEqual([5, 5]);
  expect(bled(3, [0, 0], [1, 0], [8, 255], [0, 0], [2, 0], [3, 0])).toEqual([8, 8, 8, 8, 8, 8]);
  expect(bled(2, [4, 255], [0, 0], [6, 255], [0, 0])).toEqual([4, 4, 6, 6]);
  expect(bled(3, [0, 0], [0, 0], [5, 255], [0, 0], [0, 0], [9, 255])).toEqual([5, 5, 5, 9, 9, 9]);
});

it("leaves a wholly transparent picture as it is", () => {
  expect(bled(2, [1, 0], [4, 0])).toEqual([1, 4]);
});

it("premultiplies to the nearest", () => {
  const row = { width: 3, height: 1, data: Uint8ClampedArray.from([255, 100, 1, 255, 100, 1, 255, 100, 1]) };
  expect([...premultiply(row, Uint8ClampedArray.from([255, 127, 0])).data]).toEqual([255, 100, 1, 127, 50, 0, 0, 0, 0]);
});

it("divides by alpha to the nearest, and leaves what is seen through as it is", () => {
  const { data } = unpremultiply(rgba(4, 200, 100, 50, 255, 100, 50, 20, 127, 9, 0, 1, 2, 7, 8, 9, 0));
  expect([...data]).toEqual([200, 100, 50, 255, 201, 100, 40, 127, 255, 0, 128, 2, 7, 8, 9, 0]);
});

it("is opaque where all of it is", () => {
  expect([rgba(2, 1, 2, 3, 255, 4, 5, 6, 255), rgba(2, 1, 2, 3, 255, 4, 5, 6, 254)].map(isOpaque)).toEqual([
    true,
    false,
  ]);
});

it("composites on a background", () => {
  const flat = flatten(rgba(3, 200, 0, 0, 255, 200, 0, 0, 0, 200, 0, 0, 51), [0, 100, 250]);
  expect([...flat.data]).toEqual([200, 0, 0, 255, 0, 100, 250, 255, 40, 80, 200, 255]);
});

it("copies no picture that no background shows through", () => {
  const opaque = rgba(2, 200, 0, 0, 255, 0, 7, 0, 255);
  expect(flatten(opaque, [0, 100, 250])).toBe(opaque);
});
