import type { Rgba } from "../core/image.ts";

/** What wasm-bindgen exports from the module. */
interface PngExports {
  readonly memory: WebAssembly.Memory;
  decode(pointer: number, length: number): number;
  encode(result: number, pointer: number, length: number, width: number, height: number, bitDepth: number): void;
  __wbindgen_malloc(size: number, align: number): number;
  __wbindgen_free(pointer: number, size: number, align: number): void;
  __wbindgen_add_to_stack_pointer(delta: number): number;
}

interface Png {
  readonly memory: WebAssembly.Memory;
  decode(bytes: Uint8Array): Rgba;
  encode(image: Rgba): Uint8Array;
}

/**
 * Starts jSquash's PNG codec. Its own glue keeps one instance for ever (`if (wasm !== undefined) return wasm`), so that
 * one cannot be replaced after a trap; this is the same glue with the instance in a closure.
 * @see node_modules/@jsquash/png/codec/pkg/squoosh_png.js, whose import names carry the hashes below
 */
export function startPng(module: WebAssembly.Module): Png {
  let decoded: Rgba | undefined;
  const imports = {
    __wbindgen_memory: () => 0,
    __wbg_buffer_a448f833075b71ba: () => 0,
    __wbg_newwithbyteoffsetandlength_099217381c451830: () => 0,
    __wbindgen_object_drop_ref: () => {},
    __wbg_newwithownedu8clampedarrayandsh_91db5987993a08fb: (
      pointer: number,
      length: number,
      width: number,
      height: number,
    ) => {
      decoded = { width, height, data: new Uint8ClampedArray(wasm.memory.buffer).slice(pointer, pointer + length) };
      wasm.__wbindgen_free(pointer, length, 1);
      return 0;
    },
    __wbindgen_throw: (pointer: number, length: number) => {
      throw new Error(new TextDecoder().decode(new Uint8Array(wasm.memory.buffer, pointer, length)));
    },
  };
  // The exports of a foreign module: their types are what its wasm-bindgen glue calls them with.
  const wasm = new WebAssembly.Instance(module, { wbg: imports }).exports as unknown as PngExports;

  const copyIn = (bytes: Uint8Array | Uint8ClampedArray): number => {
    const pointer = wasm.__wbindgen_malloc(bytes.length, 1);
    new Uint8Array(wasm.memory.buffer).set(bytes, pointer);
    return pointer;
  };

  return {
    memory: wasm.memory,
    decode(bytes) {
      decoded = undefined;
      wasm.decode(copyIn(bytes), bytes.length);
      if (!decoded) throw new Error("The PNG codec returned nothing");
      return decoded;
    },
    encode({ data, width, height }) {
      const result = wasm.__wbindgen_add_to_stack_pointer(-16);
      wasm.encode(result, copyIn(data), data.length, width, height, 8);
      const [pointer = 0, length = 0] = new Uint32Array(wasm.memory.buffer, result, 2);
      const bytes = new Uint8Array(wasm.memory.buffer).slice(pointer, pointer + length);
      wasm.__wbindgen_free(pointer, length, 1);
      wasm.__wbindgen_add_to_stack_pointer(16);
      return bytes;
    },
  };
}
