import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { orient } from "../../../src/core/orient.ts";

/** 3x2 pixels whose red is 1 to 6. */
const STORED = {
  width: 3,
  height: 2,
  data: new Uint8ClampedArray([1, 2, 3, 4, 5, 6].flatMap((red) => [red, 0, 0, 255])),
};

describe("orient", () => {
  it.each([
    [
      1,
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    [
      2,
      [
        [3, 2, 1],
        [6, 5, 4],
      ],
    ],
    [
      3,
      [
        [6, 5, 4],
        [3, 2, 1],
      ],
    ],
    [
      4,
      [
        [4, 5, 6],
        [1, 2, 3],
      ],
    ],
    [
      5,
      [
        [1, 4],
        [2, 5],
        [3, 6],
      ],
    ],
    [
      6,
      [
        [4, 1],
        [5, 2],
        [6, 3],
      ],
    ],
    [
      7,
      [
        [6, 3],
        [5, 2],
        [4, 1],
      ],
    ],
    [
      8,
      [
        [3, 6],
        [2, 5],
        [1, 4],
      ],
    ],
  ] as const)("turns orientation %i upright", (orientation, rows) => {
    const upright = orient(STORED, orientation);
    expect([upright.width, upright.height]).toEqual([rows[0].length, rows.length]);
    expect([...upright.data].filter((_, i) => i % 4 === 0)).toEqual(rows.flat());
  });

  it("reads pixels that are not aligned to 4 bytes", () => {
    const data = new Uint8ClampedArray([0, ...STORED.data]).subarray(1);
    expect(orient({ ...STORED, data }, 3)).toEqual(orient(STORED, 3));
  });

  it("undoes a turn by the opposite turn, for any size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (width, height) => {
        const image = { width, height, data: Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => i) };
        expect(orient(orient(image, 6), 8)).toEqual(image);
        for (const self of [2, 3, 4, 5, 7] as const) expect(orient(orient(image, self), self)).toEqual(image);
      }),
    );
  });
});
