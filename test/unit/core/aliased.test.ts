import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { isAliased } from "../../../src/core/aliased.ts";
import { pad } from "../../../src/core/canvas.ts";
import type { Rgba } from "../../../src/core/image.ts";
import { resize } from "../../../src/core/resample.ts";
import { pixels } from "../pixels.ts";

type Colour = readonly [red: number, green: number, blue: number];

function draw(width: number, height: number, colour: (x: number, y: number) => Colour, alpha = 255): Rgba {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) data.set([...colour(i % width, Math.floor(i / width)), alpha], 4 * i);
  return { width, height, data };
}

/** The finest detail that pixels can have. */
const chequered = (x: number, y: number): Colour => [255 * ((x + y) % 2), 0, 0];
const faint = (height: number) => draw(64, 64, (x, y) => [100 + height * ((x + y) % 2), 0, 0]);

/** Waves of one colour. The mean square of each order of differences is `quotient` times that of the order before. */
function waves(quotient: number, channel: number): readonly Rgba[] {
  const colour = (x: number): Colour => {
    const value = 128 + 100 * Math.sin(2 * Math.asin(Math.sqrt(quotient) / 2) * x);
    return [channel === 0 ? value : 9, channel === 1 ? value : 9, channel === 2 ? value : 9];
  };
  return [draw(3000, 9, (x) => colour(x)), draw(9, 3000, (_, y) => colour(y))];
}

const sample = (name: string) => pixels(sharp(`src/web/samples/${name}`));

/** Every third pixel of every third row. */
const picked = ({ width, height, data }: Rgba): Rgba => {
  const size = { width: Math.floor(width / 3), height: Math.floor(height / 3) };
  const at = (i: number) => 4 * ((3 * Math.floor(i / size.width) + 1) * width + 3 * (i % size.width) + 1);
  const every = Array.from({ length: size.width * size.height }, (_, i) => [...data.subarray(at(i), at(i) + 4)]);
  return { ...size, data: Uint8ClampedArray.from(every.flat()) };
};

describe("isAliased", () => {
  it.each(["scene.png", "landscape.jpg", "harbour.webp", "tiles.avif"])("tells how %s was shrunk", async (name) => {
    const image = await sample(name);
    const small = picked(image);
    expect(isAliased(image)).toBe(false);
    expect(isAliased(small)).toBe(true);
    expect(isAliased(resize(image, small))).toBe(false);
  });

  it.each(["landscape.jpg", "harbour.webp"])("does not take the end of %s on a margin for detail", async (name) => {
    const image = await sample(name);
    const small = resize(image, { width: Math.floor(image.width / 4), height: Math.floor(image.height / 4) });
    for (const at of [0, 8, 16]) {
      const onWhite = (photo: Rgba) =>
        pad(photo, { x: at, y: at, width: photo.width + 16, height: photo.height + 16 }, [255, 255, 255, 255]);
      expect(isAliased(onWhite(small)), `at ${at}`).toBe(false);
      expect(isAliased(onWhite(picked(image))), `at ${at}`).toBe(true);
    }
  });

  it.each([0, 1, 2])("draws the line between what was antialiased and noise, of whatever colour: %i", (channel) => {
    expect(waves(3.445, channel).map(isAliased)).toEqual([false, false]);
    expect(waves(3.455, channel).map(isAliased)).toEqual([true, true]);
  });

  it("says no of what has no detail", () => {
    expect(isAliased(draw(64, 9, () => [200, 100, 50]))).toBe(false);
    expect(isAliased(draw(9, 64, () => [200, 100, 50]))).toBe(false);
    expect(isAliased(draw(4, 4, chequered))).toBe(false);
  });

  it("says no of detail so faint that rounding makes the like", () => {
    expect([2, 3].map((height) => isAliased(faint(height)))).toEqual([false, true]);
  });

  it("says no of transparent pictures, whose colours may be any", () => {
    const [opaque, transparent] = [255, 254].map((alpha) => draw(64, 64, chequered, alpha));
    expect(opaque && isAliased(opaque)).toBe(true);
    expect(transparent && isAliased(transparent)).toBe(false);
  });
});
