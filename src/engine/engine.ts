import { type Rgb, SCALES, type Scale, VARIANTS, type Variant } from "../core/image.ts";

/** How many times larger a network makes a picture, and what it was trained on. */
export interface Network {
  readonly scale: Scale;
  readonly variant: Variant;
}

/** Every network there is. */
export const NETWORKS: readonly Network[] = SCALES.flatMap((scale) => VARIANTS.map((variant) => ({ scale, variant })));

/** Whether two networks are the same. */
export function isSameNetwork(a: Network, b: Network): boolean {
  return a.scale === b.scale && a.variant === b.variant;
}

/** Pixels -> pixels: the super-resolution networks behind every runtime. */
export interface Engine {
  /** Appears in `X-SSIU-Engine`, logs and benches: "ort", "simd". */
  readonly name: string;
  /** Takes any size from 1x1 up, returns `network.scale` times that size. The whole tile goes through the network at once. */
  upscale(tile: Rgb, network: Network): Promise<Rgb>;
}
