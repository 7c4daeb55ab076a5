import type { Rgba } from "../core/image.ts";
import type { Running } from "./instance-slot.ts";

/** What wasm-bindgen exports from the module. */
interface PngExports {
  readonly memory: WebAssembly.Memory;
  decode(pointer: number, length: number): number;
  __wbindgen_malloc(size: number, align: number): number;
  __wbindgen_free(pointer: number, size: number, align: number): void;
}

/**
 * Starts jSquash's PNG decoder. Its own glue keeps one instance for ever (`if (wasm !== undefined) return wasm`), which
 * cannot be replaced after a trap; this is the same glue with the instance in a closure.
 * @see node_modules/@jsquash/png/codec/pkg/squoosh_png.js, whose import names carry the hashes below
 */
export function startPngDecoder(module: WebAssembly.Module): Running<(bytes: Uint8Array) => Rgba> {
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
  // The types of a foreign module's exports are those with which its wasm-bindgen glue calls them.
  const wasm = new WebAssembly.Instance(module, { wbg: imports }).exports as unknown as PngExports;

  return {
    memory: wasm.memory,
    run(bytes) {
      decoded = undefined;
      const pointer = wasm.__wbindgen_malloc(bytes.length, 1);
      new Uint8Array(wasm.memory.buffer).set(bytes, pointer);
      wasm.decode(pointer, bytes.length);
      if (!decoded) throw new Error("The PNG codec returned nothing");
      return decoded;
    },
  };
}
