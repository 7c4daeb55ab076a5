import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { CodecModules } from "./wasm-codecs.ts";

const { resolve } = createRequire(import.meta.url);
const compiled = new Map<string, WebAssembly.Module>();

/** The codec modules in Node, each read and compiled on first use. */
export const CODEC_MODULES = new Proxy({} as CodecModules, {
  get(_, name: string) {
    const module = compiled.get(name) ?? new WebAssembly.Module(readFileSync(resolve(name)));
    compiled.set(name, module);
    return module;
  },
});
