import type { Rgba } from "../../src/core/image.ts";
import { noise } from "./engine/repeater.ts";

interface Noise {
  /** Standard deviation of each colour, out of 255. */
  readonly sigma: number;
  /** Whether all colours get the same noise. */
  readonly grey?: boolean;
}

export function withNoise({ width, height, data }: Rgba, { sigma, grey = false }: Noise): Rgba {
  const bytes = noise(width, height).data;
  const at = (i: number) => 3 * (i >> 2) + (grey ? 0 : i % 4);
  const add = (value: number, i: number) => value + (sigma * Math.sqrt(12) * ((bytes[at(i)] ?? 0) - 127.5)) / 256;
  return { width, height, data: data.map((value, i) => (i % 4 === 3 ? value : add(value, i))) };
}
