import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { pad } from "../../../src/core/canvas.ts";
import type { Rgba } from "../../../src/core/image.ts";
import { isNoisy } from "../../../src/core/noise.ts";
import { pixels } from "../pixels.ts";
import { withNoise } from "../with-noise.ts";

/** A sample at half its size, so that it is antialiased and free of artefacts of its own compression. */
async function sample(name: string, change = (image: Sharp) => image): Promise<Rgba> {
  const { width } = await sharp(`src/web/samples/${name}`).metadata();
  return await pixels(
    change(
      sharp(`src/web/samples/${name}`)
        .removeAlpha()
        .resize(Math.floor(width / 2)),
    ),
  );
}

const SAMPLES = ["scene.png", "landscape.jpg", "harbour.webp", "lines.png", "text.png"];

describe("isNoisy", () => {
  it.each(SAMPLES)("tells noise from the detail of %s", async (name) => {
    const image = await sample(name);
    const found = [0, 2, 8].map((sigma) => isNoisy(withNoise(image, { sigma })));
    expect(found).toEqual([false, false, true]);
  });

  it.each([...SAMPLES, "tiles.avif"])("does not take %s for it when it was sharpened", async (name) => {
    expect(isNoisy(await sample(name, (image) => image.sharpen()))).toBe(false);
  });

  it("finds it beside a plain ground, and however large the picture is", async () => {
    const noisy = withNoise(await sample("landscape.jpg"), { sigma: 6 });
    const ground = { x: 50, y: 300, width: noisy.width + 900, height: noisy.height + 900 };
    expect(isNoisy(pad(noisy, ground, [255, 255, 255, 255]))).toBe(true);
    const plain: Rgba = { width: 1, height: 1, data: Uint8ClampedArray.of(90, 100, 110, 255) };
    const large = pad(plain, { x: 0, y: 0, width: 1200, height: 60 }, [90, 100, 110, 255]);
    expect([0, 6].map((sigma) => isNoisy(withNoise(large, { sigma })))).toEqual([false, true]);
  });

  it.each([
    [0.2, false],
    [0.6, true],
  ])("says whether enough of a picture has it: %f of it", async (share, expected) => {
    const image = await sample("landscape.jpg");
    const noisy = withNoise(image, { sigma: 8 });
    const end = 4 * image.width * Math.round(share * image.height);
    const inPart = image.data.map((value, i) => (i < end ? (noisy.data[i] ?? 0) : value));
    expect(isNoisy({ ...image, data: inPart })).toBe(expected);
  });

  it.each(["scene.png", "landscape.jpg", "harbour.webp"])("tells grey noise from the detail of %s", async (name) => {
    const image = await sample(name);
    const found = [0, 2, 8].map((sigma) => isNoisy(withNoise(image, { sigma, grey: true })));
    expect(found).toEqual([false, false, true]);
  });

  it("says no of transparent pictures, whose colours may be any, of plain ones, and of less than a block", () => {
    const ground = (side: number, alpha = 255): Rgba => {
      const data = Uint8ClampedArray.from({ length: 4 * side ** 2 }, (_, i) => (i % 4 === 3 ? alpha : 100));
      return { width: side, height: side, data };
    };
    const isFound = (image: Rgba) => isNoisy(withNoise(image, { sigma: 9 }));
    expect([ground(64), ground(20), ground(19), ground(64, 254)].map(isFound)).toEqual([true, true, false, false]);
    expect(isNoisy(ground(64))).toBe(false);
  });
});
