import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { psnr } from "../../src/core/metrics.ts";
import { ENGINES } from "../../src/engine/node-engines.ts";
import { upscaleRgb } from "../../src/engine/upscale.ts";
import { colours } from "../origin/pictures.ts";
import { clean } from "../unit/engine/clean.ts";
import { pattern } from "./pictures.ts";
import { startWorker, type TestWorker } from "./worker.ts";

let simd: TestWorker;
let ort: TestWorker;

beforeAll(async () => {
  [simd, ort] = await Promise.all([startWorker(), startWorker({ environment: "ort" })]);
});
afterAll(() => Promise.all([simd.stop(), ort.stop()]));

async function upscaled(worker: TestWorker, scale: number, picture: Buffer) {
  await worker.putSource("picture.png", picture);
  const { status, headers, body } = await worker.get(`/img/x${scale},model=clean/picture.png`);
  expect(status).toBe(200);
  return { engine: headers.get("x-ssiu-engine"), ...(await colours(body)) };
}

it.each([2, 3, 4] as const)(
  "x%i: the same bytes in workerd as in Node, and what ONNX Runtime makes of it",
  async (scale) => {
    const source = await pattern(150, 34).raw().toBuffer();
    const png = await sharp(source, { raw: { width: 150, height: 34, channels: 3 } })
      .png()
      .toBuffer();
    const edge = await upscaled(simd, scale, png);
    expect(edge.engine).toBe("simd");

    const { engine, tiling } = await ENGINES.simd();
    const image = { width: 150, height: 34, data: new Uint8ClampedArray(source) };
    const node = await upscaleRgb(engine, image, clean(scale), { tiling });
    expect(Buffer.from(node.data).equals(Buffer.from(edge.data))).toBe(true);

    const oracle = await upscaled(ort, scale, png);
    expect(oracle.engine).toBe("ort");
    expect(psnr(edge, oracle, scale)).toBeGreaterThan(50);
  },
);
