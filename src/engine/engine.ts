import type { Rgb, Scale, Variant } from "../core/image.ts";

/** Pixels -> pixels: one super-resolution network behind every runtime. */
export interface Engine {
  /** Stands in `X-SSIU-Engine`, logs and benches: "ort", "simd". */
  readonly name: string;
  /** Any size of at least 1x1 in, `scale` times that size out; the whole input goes through the network at once. */
  upscale(tile: Rgb, scale: Scale, variant?: Variant): Promise<Rgb>;
}
