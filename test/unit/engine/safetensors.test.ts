import { expect, it } from "vitest";
import { readSafetensors, type Tensor } from "../../../src/engine/safetensors.ts";
import { writeSafetensors } from "./write-safetensors.ts";

const TENSORS = new Map<string, Tensor>([
  ["b", { dtype: "F32", shape: [2, 2], data: Float32Array.from([1, -2, 0.5, 1e30]) }],
  ["a", { dtype: "I8", shape: [3], data: Int8Array.from([-128, 0, 127]) }],
]);

it("reads what it wrote, in the same order", () => {
  const metadata = { version: "1" };
  const read = readSafetensors(writeSafetensors({ tensors: TENSORS, metadata }));
  expect([...read.tensors]).toEqual([...TENSORS]);
  expect(read.metadata).toEqual(metadata);
});

it("reads from the middle of a larger buffer, at any alignment", () => {
  const bytes = writeSafetensors({ tensors: TENSORS, metadata: {} });
  const larger = Buffer.alloc(bytes.length + 100);
  larger.set(bytes, 37);
  expect([...readSafetensors(larger.subarray(37)).tensors]).toEqual([...TENSORS]);
});

it("reads a file that says nothing of itself", () => {
  const bytes = Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d);
  expect(readSafetensors(bytes)).toEqual({ tensors: new Map(), metadata: {} });
});

it("writes a header that the format's other readers accept: length, JSON, data aligned to 8", () => {
  const bytes = writeSafetensors({ tensors: TENSORS, metadata: { version: "1" } });
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  expect((8 + length) % 8).toBe(0);
  expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
    __metadata__: { version: "1" },
    b: { dtype: "F32", shape: [2, 2], data_offsets: [0, 16] },
    a: { dtype: "I8", shape: [3], data_offsets: [16, 19] },
  });
  expect(bytes.length).toBe(8 + length + 19);
});

it.each([
  ["a shape that is not its data", { dtype: "F32", shape: [3], data_offsets: [0, 16] }],
  ["data that starts elsewhere", { dtype: "F32", shape: [4], data_offsets: [-4, 12] }],
  ["data counted from the end", { dtype: "F32", shape: [1], data_offsets: [-8, -4] }],
  ["an unknown type", { dtype: "F16", shape: [8], data_offsets: [0, 16] }],
  ["data beyond the end", { dtype: "F32", shape: [8], data_offsets: [0, 32] }],
])("refuses %s", (_, entry) => {
  const header = new TextEncoder().encode(JSON.stringify({ w: entry }).padEnd(72));
  const bytes = new Uint8Array(8 + header.length + 16);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  expect(() => readSafetensors(bytes)).toThrow(/for w/);
});
