import { describe, expect, it } from "vitest";
import { hasHardAlpha } from "../../../src/core/alpha-edges.ts";
import type { Rgba } from "../../../src/core/image.ts";

const SIDE = 48;

/** Draws opacities of 0 to 1 at coordinates from the picture's middle; each pixel is the mean of 8x8 points. */
function drawn(opacity: (x: number, y: number) => number): Rgba {
  const data = new Uint8ClampedArray(4 * SIDE * SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) {
    const [left, top] = [(i % SIDE) - SIDE / 2, Math.floor(i / SIDE) - SIDE / 2];
    const places = Array.from({ length: 64 }, (_, k) =>
      opacity(left + ((k % 8) + 0.5) / 8, top + ((k >> 3) + 0.5) / 8),
    );
    data[4 * i + 3] = (255 * places.reduce((sum, a) => sum + a)) / 64;
  }
  return { width: SIDE, height: SIDE, data };
}

/** The opacity at a distance inside an edge that is `softness` pixels wide. */
const edge = (softness: number) => (distance: number) => Math.max(0, Math.min(1, distance / softness + 0.5));
const [hard, feathered] = [edge(0.01), edge(1.2)];
const disc = (x: number, y: number) => 15.3 - Math.hypot(x, y);
const turned = (x: number, y: number) => 13 - Math.max(Math.abs(0.94 * x - 0.34 * y), Math.abs(0.34 * x + 0.94 * y));
const upright = (x: number, y: number) => 13.2 - Math.max(Math.abs(x), Math.abs(y));
const strokes = (x: number, y: number) => 0.6 - Math.abs(((((x + 0.3 * y) % 9) + 9) % 9) - 4.5);
const shadow = (x: number, y: number) => 0.5 * edge(12)(disc(x, y - 2));

describe("hasHardAlpha", () => {
  it.each<[string, (x: number, y: number) => number]>([
    ["a disc with antialiasing", (x, y) => hard(disc(x, y))],
    ["one that is half transparent", (x, y) => 0.5 * hard(disc(x, y))],
    ["one with a soft shadow", (x, y) => Math.max(hard(disc(x, y)), shadow(x, y))],
    ["a square that is turned", (x, y) => hard(turned(x, y))],
    ["one that is not", (x, y) => hard(upright(x, y))],
    ["strokes narrower than two pixels", (x, y) => hard(strokes(x, y))],
  ])("is true of %s", (_, opacity) => expect(hasHardAlpha(drawn(opacity))).toBe(true));

  it.each<[string, (x: number, y: number) => number]>([
    ["a feathered disc", (x, y) => feathered(disc(x, y))],
    ["one that is half transparent", (x, y) => 0.5 * feathered(disc(x, y))],
    ["a feathered square that is turned", (x, y) => feathered(turned(x, y))],
    ["one that is not", (x, y) => feathered(upright(x, y))],
    ["a shadow alone", shadow],
    ["a gradient", (x) => x / SIDE + 0.5],
    ["what is opaque", () => 1],
  ])("is false of %s", (_, opacity) => expect(hasHardAlpha(drawn(opacity))).toBe(false));

  it("looks at the right and the lower border", () => {
    const stripe = (at: number) => (x: number) => (x + SIDE / 2 >= at ? 1 : 0);
    expect(hasHardAlpha(drawn(stripe(SIDE - 1)))).toBe(true);
    expect(hasHardAlpha(drawn((_, y) => stripe(SIDE - 1)(y)))).toBe(true);
  });
});
