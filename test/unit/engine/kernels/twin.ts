import { expect } from "vitest";
import type { Ops } from "../../../../src/engine/ops.ts";
import type { Memory } from "../reference/memory.ts";
import { BUILDS, loadKernels } from "./load.ts";

/** Bytes between regions. As floats they are NaN, so a kernel that reads them spoils its sums. */
const GUARD = 64;
const SIZE = 1 << 20;
/** Start of the regions, above the kernels' own memory. */
const START = 4096;

/** A memory in which to lay out inputs and outputs, and then to run a kernel and its twin in TypeScript. */
export function twins() {
  const initial = new Uint8Array(SIZE).fill(0xff);
  let end = START;
  let state = 1;

  /** Random values: others with each call, the same ones in each run. */
  function noise(length: number, low = -1, high = 1): number[] {
    return Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return low + ((high - low) * state) / 2 ** 32;
    });
  }

  const bytes = (length: number) => noise(length, 0, 256).map(Math.floor);

  /** Reserves bytes. @returns their address */
  function room(size: number): number {
    const at = end;
    end = Math.ceil((at + size + GUARD) / 16) * 16;
    return at;
  }

  function f32(values: readonly number[]): number {
    const at = room(values.length * 4);
    new Float32Array(initial.buffer, at, values.length).set(values);
    return at;
  }

  function u8(values: readonly number[]): number {
    const at = room(values.length);
    initial.set(values, at);
    return at;
  }

  /**
   * Returns what kernel and twin leave in the `size` bytes at their first argument. Expects both builds of the kernel to
   * agree, and that nothing else changes except `scratch`.
   */
  function run<K extends keyof Ops>(
    op: K,
    reference: (memory: Memory, ...args: Parameters<Ops[K]>) => void,
    args: Parameters<Ops[K]>,
    { size, scratch = SIZE }: { size: number; scratch?: number },
  ): { kernel: Memory; twin: Memory } {
    const out = args[0];

    function after(buffer: ArrayBuffer, operation: () => void): Uint8Array<ArrayBuffer> {
      const memory = new Uint8Array(buffer).subarray(START);
      memory.set(initial.subarray(START));
      operation();
      const all = new Uint8Array(buffer.slice(0));
      all.fill(0xff, 0, START);
      all.fill(0xff, scratch, scratch + 65536);
      const result = all.slice(out, out + size);
      all.set(initial.subarray(out, out + size), out);
      expect(Buffer.compare(all, initial)).toBe(0);
      return result;
    }

    const [kernel, relaxed] = BUILDS.map((build) => {
      const memory = new WebAssembly.Memory({ initial: SIZE / 65536, maximum: 4096 });
      const ops = loadKernels(build, memory);
      return after(memory.buffer, () => Reflect.apply(ops[op], undefined, args));
    });
    if (!kernel) throw new Error("Expected a build");
    expect(relaxed).toEqual(kernel);
    const buffer = new ArrayBuffer(SIZE);
    const twin = after(buffer, () => reference(views(buffer), ...args));
    return { kernel: views(kernel.buffer), twin: views(twin.buffer) };
  }
  return { room, f32, u8, noise, bytes, run };
}

function views(buffer: ArrayBuffer): Memory {
  const i8 = new Int8Array(buffer);
  const u8 = new Uint8Array(buffer);
  return { i8, u8, f32: new Float32Array(buffer, 0, buffer.byteLength >> 2) };
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] ?? Number.NaN))), 0);
}
