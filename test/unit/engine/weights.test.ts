import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { SCALES } from "../../../src/core/image.ts";
import { readSafetensors, type Tensor } from "../../../src/engine/safetensors.ts";
import { kernelBlocks, readPacked } from "../../../src/engine/weights.ts";
import { writeSafetensors } from "./write-safetensors.ts";

const file = (name: string) => readFile(`models/${name}.int8.safetensors`);

describe.each(SCALES.flatMap((scale) => [`ssiu-x${scale}`, `ssiu-x${scale}-web`]))("%s", (name) => {
  it("keeps every sum within int16", async () => {
    const { tensors } = readSafetensors(await file(name));
    const matrices = Array.from(tensors).filter(([, { dtype }]) => dtype === "I8");
    expect(matrices.length).toBeGreaterThan(180);
    for (const [matrix, { data }] of matrices) {
      for (let o = 0; o < 64; o++) {
        const sums = [0, 0, 0, 0];
        for (let k = 0; k < 64; k++) {
          const w = data[Math.floor(k / 4) * 256 + 4 * o + (k % 4)] ?? Number.NaN;
          const sum = (k % 4 < 2 ? 0 : 2) + (w < 0 ? 1 : 0);
          sums[sum] = (sums[sum] ?? 0) + Math.abs(w);
        }
        expect(Math.max(...sums), `${matrix} ${o}`).toBeLessThanOrEqual(258);
      }
    }
  });
});

describe("kernelBlocks", () => {
  it("holds the same matrix as int8 in fours and as int16 in pairs", async () => {
    const { tensors: packed } = readSafetensors(await file("ssiu-x2"));
    const name = "body.0.s1.project_in1";
    const int8 = kernelBlocks(packed, "int8").get(name) ?? new Uint8Array();
    const int16 = kernelBlocks(packed, "int16").get(name) ?? new Uint8Array();
    expect([int8.length, int16.length]).toEqual([4096 + 768, 8192 + 768]);
    expect(int8.subarray(4096)).toEqual(int16.subarray(8192));
    const bytes = new Int8Array(int8.buffer);
    const words = new Int16Array(int16.buffer, 0, 4096);
    for (let k = 0; k < 64; k++) {
      for (let o = 0; o < 64; o++) {
        expect(words[(k >> 1) * 128 + 2 * o + (k & 1)]).toBe(bytes[(k >> 2) * 256 + 4 * o + (k & 3)]);
      }
    }
  });

  it("holds scales once, and refuses a matrix without", () => {
    const matrix = { dtype: "I8", shape: [16, 64, 4], data: new Int8Array(4096) } as const;
    const scales = { dtype: "F32", shape: [3, 64], data: new Float32Array(192) } as const;
    const packed = new Map<string, Tensor>([
      ["a.matrix", matrix],
      ["a.scales", scales],
    ]);
    expect([...kernelBlocks(packed, "int8").keys()]).toEqual(["a"]);
    expect(() => kernelBlocks(new Map([["a.matrix", matrix]]), "int8")).toThrow("Expected scales beside a.matrix");
  });
});

describe("readPacked", () => {
  const packed = async () => readSafetensors(await file("ssiu-x2"));

  it("reads what was packed", async () => {
    const { tensors, metadata } = await packed();
    expect([...readPacked(writeSafetensors({ tensors, metadata }), 2)]).toEqual([...tensors]);
  });

  it("refuses another version or scale", async () => {
    const { tensors, metadata } = await packed();
    const old = writeSafetensors({ tensors, metadata: { ...metadata, version: "0" } });
    expect(() => readPacked(old, 2)).toThrow("version 3 for x2, got version 0, x2");
    expect(() => readPacked(writeSafetensors({ tensors, metadata }), 3)).toThrow("for x3, got version 3, x2");
  });

  it("refuses another shape", async () => {
    const { tensors, metadata } = await packed();
    const scales = { dtype: "F32", shape: [2, 64], data: new Float32Array(128) } as const;
    const bytes = writeSafetensors({ tensors: new Map([...tensors, ["moe.fuse.scales", scales]]), metadata });
    expect(() => readPacked(bytes, 2)).toThrow("Expected shape [3,64] for moe.fuse.scales, got [2,64]");
    const inputs = { dtype: "F32", shape: [64], data: new Float32Array(64) } as const;
    const short = writeSafetensors({ tensors: new Map([...tensors, ["moe.fuse.inputs", inputs]]), metadata });
    expect(() => readPacked(short, 2)).toThrow("Expected shape [2,64] for moe.fuse.inputs, got [64]");
    const matrix = { dtype: "I8", shape: [64, 64], data: new Int8Array(4096) } as const;
    const plain = writeSafetensors({ tensors: new Map([...tensors, ["moe.fuse.matrix", matrix]]), metadata });
    expect(() => readPacked(plain, 2)).toThrow("Expected shape [16,64,4] for moe.fuse.matrix, got [64,64]");
  });
});
