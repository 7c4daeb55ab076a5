import { describe, expect, it } from "vitest";
import { SCALES } from "../../src/core/image.ts";
import { ENGINES } from "../../src/engine/node-engines.ts";
import { clean } from "../unit/engine/clean.ts";
import { hasChromium, startBrowser } from "./chromium.ts";

if (!hasChromium) console.warn("Chromium is not installed: the engine is not tested in a browser");

describe.skipIf(!hasChromium)("in Chromium", () => {
  it("gives the same bytes as in Node, with the relaxed build", async () => {
    const browser = await startBrowser();
    const { engine } = await ENGINES.simd();
    const data = Uint8ClampedArray.from({ length: 3 * 40 * 25 }, (_, i) => 128 + 90 * Math.sin(i / 40) + (i % 7));
    const image = { width: 40, height: 25, data };
    for (const scale of SCALES) {
      const result = await browser.upscale(image, scale);
      expect(result.build).toBe("relaxed");
      const node = await engine.upscale(image, clean(scale));
      expect(Buffer.from(result.data).equals(Buffer.from(node.data)), `x${scale}`).toBe(true);
    }
    await browser.stop();
  });
});
