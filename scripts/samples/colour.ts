import { mix } from "./noise.ts";

/** Three numbers: a colour (linear light or sRGB, as the user says) or a vector in space. */
export type Triple = readonly [number, number, number];

/** From `a` at 0 to `b` at 1. */
export function blend(a: Triple, b: Triple, amount: number): Triple {
  return [mix(a[0], b[0], amount), mix(a[1], b[1], amount), mix(a[2], b[2], amount)];
}

/** "#rrggbb" -> sRGB 0..1. */
export function hex(colour: string): Triple {
  const value = Number.parseInt(colour.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

/** The colour at `position` (0..1) between stops of rising position. */
export function gradient(stops: readonly (readonly [number, Triple])[], position: number): Triple {
  const after = stops.findIndex(([at]) => at >= position);
  const [highAt, high] = stops.at(after) ?? [1, [0, 0, 0]];
  const [lowAt, low] = stops[after - 1] ?? [highAt, high];
  return highAt === lowAt ? high : blend(low, high, (position - lowAt) / (highAt - lowAt));
}
