import * as ort from "onnxruntime-node";
import { expect, it } from "vitest";
import { NETWORKS } from "../../src/engine/engine.ts";
import { readModel } from "../../src/engine/node-engines.ts";
import { ortTiles } from "../../src/origin/tiles.ts";
import { drawing } from "../unit/engine/drawing.ts";

const run = ortTiles(ort, {
  loadModel: (network) => readModel("onnx", network),
  session: { intraOpNumThreads: 1 },
});

it.each(NETWORKS)(
  "makes of tiles that go through together what it makes of each, x$scale $variant",
  async (network) => {
    const whole = drawing(32, 32);
    const tiles = [whole, { ...whole, data: whole.data.map((value) => 255 - value) }];
    const together = await run(tiles, network);
    expect(together[0]).not.toEqual(together[1]);
    for (const [i, tile] of tiles.entries()) {
      const [alone] = await run([tile], network);
      const differences = together[i]?.data.map((value, at) => Math.abs(value - (alone?.data[at] ?? 0)));
      expect(Math.max(...(differences ?? [Number.NaN]))).toBeLessThanOrEqual(1);
    }
  },
);
