import { expect, test } from "vitest";
import type { Rgb, Scale } from "../../../src/core/image.ts";
import { luma, psnr, ssim } from "../../../src/core/metrics.ts";
import fixture from "./metrics.fixture.json" with { type: "json" };

/** The pattern that metrics_fixture.py draws; see `pattern` in the fixture. */
function pattern(
  width: number,
  height: number,
  [px = 0, py = 0, pc = 0, pxy = 0, p0 = 0, modulus = 256]: number[],
): Rgb {
  const values = Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    return (x * px + y * py + c * pc + x * y * pxy + p0) % modulus;
  });
  return { width, height, data: Uint8ClampedArray.from(values) };
}

function grey(width: number, height: number, value: number): Rgb {
  return { width, height, data: new Uint8ClampedArray(width * height * 3).fill(value) };
}

test.each(fixture.cases)("agrees with the definitions to 1e-6: $name, x$scale", (expected) => {
  const truth = pattern(expected.width, expected.height, expected.truth);
  const result = pattern(expected.width, expected.height, expected.result);
  const scale = expected.scale as Scale;
  expect(Math.abs(psnr(result, truth, scale) - expected.psnr)).toBeLessThan(1e-6);
  expect(Math.abs(ssim(result, truth, scale) - expected.ssim)).toBeLessThan(1e-6);
});

test("luma runs from 16 for black to 235 for white", () => {
  expect(luma(grey(1, 1, 0)).data[0]).toBe(16);
  expect(luma(grey(1, 1, 255)).data[0]).toBeCloseTo(235, 9);
});

test("equal pictures have no error", () => {
  const image = pattern(20, 20, [5, 7, 9, 1, 0, 256]);
  expect(psnr(image, image, 2)).toBe(Number.POSITIVE_INFINITY);
  expect(ssim(image, image, 2)).toBeCloseTo(1, 12);
});

test("what lies in the border does not count", () => {
  const truth = grey(15, 15, 100);
  const result = grey(15, 15, 100);
  result.data.fill(0, 0, 2 * 15 * 3);
  expect(psnr(result, truth, 2)).toBe(Number.POSITIVE_INFINITY);
  expect(psnr({ ...result, data: result.data.map((_, i) => (i === 2 * 15 * 3 + 6 ? 0 : 100)) }, truth, 2)).toBeLessThan(
    60,
  );
});

test("refuses pictures of different sizes and ones too small to measure", () => {
  expect(() => psnr(grey(15, 15, 0), grey(16, 15, 0), 2)).toThrow("Expected 16x15 for the result, got 15x15");
  expect(() => psnr(grey(4, 9, 0), grey(4, 9, 0), 2)).toThrow("Expected at least 1 px inside a border of 2");
  for (const small of [grey(14, 15, 0), grey(15, 14, 0)])
    expect(() => ssim(small, small, 2)).toThrow("Expected at least 11 px inside a border of 2");
});
