// How wrangler's bundler hands over files that are not JavaScript.
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
// Named in full because the package types this file as if it were its own JavaScript.
declare module "@jsquash/png/codec/pkg/squoosh_png_bg.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
declare module "*.safetensors" {
  const bytes: ArrayBuffer;
  export default bytes;
}
