import { expect, it } from "vitest";
import { bleedColours, flatten, joinAlpha, premultiply, splitAlpha } from "../../../src/core/alpha.ts";

const rgba = (width: number, ...data: number[]) => ({
  width,
  height: data.length / 4 / width,
  data: Uint8ClampedArray.from(data),
});

it("splits and joins without loss", () => {
  const image = rgba(2, 1, 2, 3, 4, 5, 6, 7, 8);
  const { rgb, alpha } = splitAlpha(image);
  expect([...rgb.data]).toEqual([1, 2, 3, 5, 6, 7]);
  expect([...alpha]).toEqual([4, 8]);
  expect(joinAlpha(rgb, alpha)).toEqual(image);
});

it("is opaque where no alpha is given", () => {
  const { rgb } = splitAlpha(rgba(1, 1, 2, 3, 4));
  expect([...joinAlpha(rgb).data]).toEqual([1, 2, 3, 255]);
});

it("bleeds the nearest visible colour under pixels that are hardly seen and leaves the visible ones", () => {
  const row = { width: 5, height: 1, data: Uint8ClampedArray.from([9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 7, 7]) };
  const bled = bleedColours(row, Uint8ClampedArray.from([255, 0, 7, 0, 8]));
  expect([...bled.data].filter((_, i) => i % 3 === 0)).toEqual([9, 9, 9, 7, 7]);
});

it("bleeds downwards and upwards, but not from one line's end into the next line's start", () => {
  const image = { width: 2, height: 3, data: new Uint8ClampedArray(18).fill(5, 9, 12) };
  const bled = bleedColours(image, Uint8ClampedArray.from([0, 0, 0, 8, 0, 0]));
  expect([...bled.data]).toEqual(new Array(18).fill(5));
});

it("premultiplies to the nearest", () => {
  const row = { width: 3, height: 1, data: Uint8ClampedArray.from([255, 100, 1, 255, 100, 1, 255, 100, 1]) };
  expect([...premultiply(row, Uint8ClampedArray.from([255, 127, 0])).data]).toEqual([255, 100, 1, 127, 50, 0, 0, 0, 0]);
});

it("leaves a wholly transparent picture as it is", () => {
  const image = { width: 2, height: 1, data: Uint8ClampedArray.from([1, 2, 3, 4, 5, 6]) };
  expect(bleedColours(image, new Uint8ClampedArray(2)).data).toEqual(image.data);
});

it("composites on a background", () => {
  const flat = flatten(rgba(3, 200, 0, 0, 255, 200, 0, 0, 0, 200, 0, 0, 51), [0, 100, 250]);
  expect([...flat.data]).toEqual([200, 0, 0, 255, 0, 100, 250, 255, 40, 80, 200, 255]);
});
