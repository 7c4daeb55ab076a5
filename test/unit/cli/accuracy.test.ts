import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { SCALES } from "../../../src/core/image.ts";
import { ssiuWith } from "./ssiu.ts";

const DATA = "../shared/data";
const absent = !existsSync(`${DATA}/benchmark/Set5`);
if (absent) console.warn(`${DATA} is not there: the int8 engine's loss on Set5 is not measured`);

describe.skipIf(absent)("on Set5", () => {
  test.each(SCALES)("x%i in int8, tiles and all, loses at most 0.02 dB to float32", async (scale) => {
    const psnr = async (engine: string): Promise<number> => {
      const options = ["--data", DATA, "--sets", "Set5", "--scale", `${scale}`, "--engine", engine, "--json"];
      return JSON.parse((await ssiuWith({}, "eval", ...options)).stdout).sets.Set5.psnr;
    };
    expect(await psnr("simd")).toBeGreaterThan((await psnr("ort")) - 0.02);
  });
});
