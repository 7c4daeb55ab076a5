import type { Rgb } from "../../../src/core/image.ts";
import type { Engine } from "../../../src/engine/engine.ts";

/** Repeats pixels. Tiles give the same result as the whole picture, so a wrong cut or paste shows. */
export const repeater: Engine = {
  name: "repeater",
  async upscale({ width, height, data }, { scale }) {
    const output = new Uint8ClampedArray(3 * width * height * scale ** 2);
    for (let y = 0; y < scale * height; y++) {
      for (let x = 0; x < scale * width; x++) {
        const from = 3 * (Math.floor(y / scale) * width + Math.floor(x / scale));
        output.set(data.subarray(from, from + 3), 3 * (y * scale * width + x));
      }
    }
    return { width: scale * width, height: scale * height, data: output };
  },
};

/** A repeater that takes a moment; `most` tells how many tiles it had at a time at most. */
export function slowRepeater() {
  let [running, most] = [0, 0];
  const engine: Engine = {
    ...repeater,
    async upscale(tile, network) {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
      return await repeater.upscale(tile, network);
    },
  };
  return { engine, most: () => most };
}

export function noise(width: number, height: number): Rgb {
  const data = new Uint8ClampedArray(3 * width * height);
  for (let i = 0, state = 1; i < data.length; i++) {
    state = (Math.imul(state, 48_271) >>> 0) % 2_147_483_647;
    data[i] = state % 256;
  }
  return { width, height, data };
}
