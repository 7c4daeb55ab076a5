import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { SCALES } from "../../../src/core/image.ts";
import { readSafetensors, type Tensors, writeSafetensors } from "../../../src/engine/safetensors.ts";
import { kernelBlocks, packWeights, readPacked } from "../../../src/engine/weights.ts";

const master = async (scale: number) => readSafetensors(await readFile(`models/ssiu-x${scale}.safetensors`)).tensors;

function floats(tensors: Tensors, name: string): Float32Array {
  const tensor = tensors.get(name);
  if (tensor?.dtype !== "F32") throw new Error(`no ${name}`);
  return tensor.data;
}

/** w[o, k] of a packed matrix, as the kernels multiply with it. */
function unpack(packed: Tensors, name: string): (o: number, k: number) => number {
  const matrix = packed.get(`${name}.matrix`)?.data ?? [];
  const scales = floats(packed, `${name}.scales`);
  return (o, k) => (matrix[Math.floor(k / 4) * 256 + 4 * o + (k % 4)] ?? Number.NaN) * (scales[o] ?? Number.NaN);
}

describe("packWeights", () => {
  it("keeps each weight of a convolution to half a step of its output's scale", async () => {
    const weights = await master(2);
    const { tensors: packed } = packWeights(weights, 2);
    for (const name of ["body.0.s1.project_in1", "body.8.ffn.project_out", "moe.fuse"]) {
      const original = floats(weights, `${name}.weight`);
      const scales = floats(packed, `${name}.scales`);
      const w = unpack(packed, name);
      for (let o = 0; o < 64; o++) {
        for (let k = 0; k < 64; k++) {
          const error = Math.abs(w(o, k) - (original[64 * o + k] ?? Number.NaN));
          expect(error).toBeLessThanOrEqual(0.5001 * (scales[o] ?? 0));
        }
        const sum = Array.from({ length: 64 }, (_, k) => w(o, k)).reduce((a, b) => a + b);
        expect(scales[64 + o]).toBeCloseTo(sum, 5);
      }
      expect(scales.subarray(128)).toEqual(floats(weights, `${name}.bias`));
    }
  });

  it.each(SCALES)("keeps every sum of x%i within int16, and wastes none of it", async (scale) => {
    const { tensors: packed } = packWeights(await master(scale), scale);
    for (const [name, { dtype, data }] of packed) {
      if (dtype !== "I8") continue;
      for (let o = 0; o < 64; o++) {
        const sums = [0, 0, 0, 0];
        let largest = 0;
        for (let k = 0; k < 64; k++) {
          const w = data[Math.floor(k / 4) * 256 + 4 * o + (k % 4)] ?? Number.NaN;
          const sum = (k % 4 < 2 ? 0 : 2) + (w < 0 ? 1 : 0);
          sums[sum] = (sums[sum] ?? 0) + Math.abs(w);
          largest = Math.max(largest, Math.abs(w));
        }
        expect(Math.max(...sums), `${name} ${o}`).toBeLessThanOrEqual(258);
        // The scale is as small as one of the two limits allows, and rounding may then take a little of the sum.
        expect(largest === 127 || Math.max(...sums) > 250, `${name} ${o}: ${largest}, ${sums}`).toBe(true);
      }
    }
  });

  it("takes qkv apart, without a bias", async () => {
    const weights = await master(2);
    const { tensors: packed } = packWeights(weights, 2);
    const original = floats(weights, "body.4.s3.qkv_conv.weight");
    for (const [part, name] of ["q", "k", "v"].entries()) {
      const w = unpack(packed, `body.4.s3.qkv_conv.${name}`);
      expect(w(7, 9)).toBeCloseTo(original[64 * (64 * part + 7) + 9] ?? Number.NaN, 2);
      expect(floats(packed, `body.4.s3.qkv_conv.${name}.scales`).subarray(128)).toEqual(new Float32Array(64));
    }
  });

  it.each(SCALES)("gives x%i one matrix for each pixel that PixelShuffle makes of one", async (scale) => {
    const weights = await master(scale);
    const { tensors: packed } = packWeights(weights, scale);
    const factor = scale === 3 ? 3 : 2;
    const original = floats(weights, "tail.0.weight");
    for (let part = 0; part < factor ** 2; part++) {
      const name = `tail.0.${part}`;
      const [w, scales] = [unpack(packed, name), floats(packed, `${name}.scales`)];
      for (let k = 0; k < 64; k++) {
        const error = Math.abs(w(5, k) - (original[64 * (5 * factor ** 2 + part) + k] ?? Number.NaN));
        expect(error).toBeLessThanOrEqual(0.5001 * (scales[5] ?? 0));
      }
    }
    expect(packed.has("tail.3.0.matrix")).toBe(scale === 4);
  });

  it("puts channels last in the 3x3 convolutions", async () => {
    const weights = await master(2);
    const { tensors: packed } = packWeights(weights, 2);
    const [tap, o, c] = [5, 2, 33];
    expect(floats(packed, "head")[tap * 192 + 2 * 64 + c]).toBe(floats(weights, "head.weight")[c * 27 + 2 * 9 + tap]);
    expect(floats(packed, "tail")[tap * 192 + o * 64 + c]).toBe(
      floats(weights, "tail.3.weight")[o * 576 + c * 9 + tap],
    );
    expect(floats(packed, "body.3.s2.project_in2.1")[tap * 64 + c]).toBe(
      floats(weights, "body.3.s2.project_in2.1.weight")[c * 9 + tap],
    );
  });

  it("refuses weights of another network", async () => {
    const weights = new Map(await master(2));
    weights.delete("body.5.s4.project_in1.weight");
    expect(() => packWeights(weights, 2)).toThrow("body.5.s4.project_in1.weight");
  });
});

describe("kernelBlocks", () => {
  it("holds the same matrix as int8 in fours and as int16 in pairs", async () => {
    const { tensors: packed } = packWeights(await master(2), 2);
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
});

describe("readPacked", () => {
  const packed = async () => packWeights(await master(2), 2);

  it("reads what was packed", async () => {
    const { tensors, metadata } = await packed();
    expect([...readPacked(writeSafetensors({ tensors, metadata }), 2)]).toEqual([...tensors]);
  });

  it("refuses another version or scale", async () => {
    const { tensors, metadata } = await packed();
    const old = writeSafetensors({ tensors, metadata: { ...metadata, version: "0" } });
    expect(() => readPacked(old, 2)).toThrow("version 2 for x2, got version 0, x2");
    expect(() => readPacked(writeSafetensors({ tensors, metadata }), 3)).toThrow("for x3, got version 2, x2");
  });

  it("refuses another shape", async () => {
    const { tensors, metadata } = await packed();
    const scales = { dtype: "F32", shape: [2, 64], data: new Float32Array(128) } as const;
    const bytes = writeSafetensors({ tensors: new Map([...tensors, ["moe.fuse.scales", scales]]), metadata });
    expect(() => readPacked(bytes, 2)).toThrow("Expected shape [3,64] for moe.fuse.scales, got [2,64]");
  });
});
