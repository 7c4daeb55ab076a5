import sharp from "sharp";
import { expect, test } from "vitest";
import { createNodeCodecs } from "../../../src/codecs/node.ts";
import { cut } from "../../../src/core/canvas.ts";
import { transformBlock } from "../../../src/core/dct.ts";
import { jpegBlocks } from "../../../src/core/jpeg-blocks.ts";
import { probe } from "../../../src/core/probe/probe.ts";

const codecs = createNodeCodecs();
const [width, height] = [91, 61];

/** A JPEG of noise with this orientation, in which no two frequencies or directions are alike. */
async function noise(orientation: number) {
  let seed = 1;
  const data = Uint8Array.from({ length: 3 * width * height }, () => {
    seed = (seed * 48271) % 2147483647;
    return 64 + (seed % 128);
  });
  const picture = sharp(data, { raw: { width, height, channels: 3 } }).withMetadata({ orientation });
  return new Uint8Array(await picture.jpeg({ quality: 60 }).toBuffer());
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "finds blocks and steps of what is turned by orientation %i and cut",
  async (orientation) => {
    const bytes = await noise(orientation);
    const header = probe(bytes);
    const region = { x: 5, y: 18, width: 50, height: 41 };
    const { data } = cut((await codecs.decode(bytes, header)).image, region);
    const blocks = jpegBlocks(bytes, header, region);
    if (blocks === undefined) throw new Error("no blocks");
    expect(Math.min(blocks.x, blocks.y)).toBeGreaterThanOrEqual(0);
    expect(Math.max(blocks.x, blocks.y)).toBeLessThan(8);
    let [distance, count] = [0, 0];
    for (let y = blocks.y; y + 8 <= region.height; y += 8) {
      for (let x = blocks.x; x + 8 <= region.width; x += 8) {
        const block = Float64Array.from({ length: 64 }, (_, i) => {
          const at = 4 * ((y + Math.floor(i / 8)) * region.width + x + (i % 8));
          return 0.299 * (data[at] ?? 0) + 0.587 * (data[at + 1] ?? 0) + 0.114 * (data[at + 2] ?? 0);
        });
        transformBlock(block);
        // Without the first, from which JPEG subtracts 128 times 8, which only few steps divide.
        block.subarray(1).forEach((coefficient, i) => {
          const multiple = coefficient / (blocks.steps[i + 1] ?? 0);
          distance += Math.abs(multiple - Math.round(multiple));
          count += 1;
        });
      }
    }
    // Chance would give a quarter.
    expect(distance / count).toBeLessThan(0.04);
  },
);

test("other formats have none", async () => {
  const bytes = new Uint8Array(await sharp("src/web/samples/logo.png").png().toBuffer());
  expect(jpegBlocks(bytes, probe(bytes), { x: 0, y: 0 })).toBeUndefined();
});
