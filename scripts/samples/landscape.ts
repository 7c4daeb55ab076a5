import type { Rgb } from "../../src/core/image.ts";
import { blend, gradient, hex, type Triple } from "./colour.ts";
import { fractal, noise, step } from "./noise.ts";

const WATERLINE = 0.735;
const SUN = { x: 0.475, y: 0.4 };
const GLOW = hex("#ffd9a0");

const SKY = [
  [0, hex("#1f2a5c")],
  [0.22, hex("#5b4a8c")],
  [0.4, hex("#c9688c")],
  [0.55, hex("#f59a6b")],
  [0.66, hex("#ffd08a")],
  [1, hex("#fff0c2")],
] as const;

interface Range {
  readonly base: number;
  readonly height: number;
  readonly frequency: number;
  readonly seed: number;
  readonly lit: Triple;
  readonly shaded: Triple;
  /** Height of the snow line above the water, in picture heights. */
  readonly snow: number;
}

/** From far to near. */
const RANGES: readonly Range[] = [
  { base: 0.56, height: 0.34, frequency: 1.9, seed: 3, lit: hex("#f7a98a"), shaded: hex("#7c5a92"), snow: 0.3 },
  { base: 0.64, height: 0.26, frequency: 2.6, seed: 21, lit: hex("#d87f7c"), shaded: hex("#523f78"), snow: 0.27 },
  { base: 0.7, height: 0.17, frequency: 3.7, seed: 47, lit: hex("#8c5672"), shaded: hex("#332c5c"), snow: 1 },
  { base: 0.735, height: 0.085, frequency: 7, seed: 80, lit: hex("#4a3a5a"), shaded: hex("#1d1f40"), snow: 1 },
];

/** A mountain lake at sunset, from fractal noise; `samples` squared points for each pixel. */
export function drawLandscape(width: number, height: number, samples: number): Rgb {
  const data = new Uint8ClampedArray(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    let sum: Triple = [0, 0, 0];
    for (let point = 0; point < samples * samples; point++) {
      const x = (i % width) + ((point % samples) + 0.5) / samples;
      const y = Math.floor(i / width) + (Math.floor(point / samples) + 0.5) / samples;
      const [r, g, b] = colourAt(x / height, y / height);
      sum = [sum[0] + r, sum[1] + g, sum[2] + b];
    }
    data.set(
      sum.map((channel) => (255 * channel) / samples ** 2),
      3 * i,
    );
  }
  return { width, height, data };
}

/** `y` runs from 0 at the top to 1 at the bottom, `x` in the same unit. */
function colourAt(x: number, y: number): Triple {
  if (isTree(x, y)) return blend([0.035, 0.035, 0.09], [0.09, 0.06, 0.12], noise(x * 90, y * 90));
  return y < WATERLINE ? land(x, y) : lake(x, y);
}

function lake(x: number, y: number): Triple {
  const depth = (y - WATERLINE) / (1 - WATERLINE);
  const waves = fractal((x * 7) / (0.25 + depth), 16 * Math.log(1 + 14 * depth), 4) - 0.5;
  const mirrored = land(x + 0.05 * waves * (0.3 + depth), WATERLINE - (y - WATERLINE) * 1.15 + 0.11 * waves * depth);
  const water = blend(mirrored, hex("#1c2450"), 0.2 + 0.42 * depth);
  const path = step(0.2 + 0.1 * depth, 0, Math.abs(x - SUN.x)) * step(0.06, 0.3, waves);
  return blend(water, GLOW, 0.75 * path);
}

function land(x: number, y: number): Triple {
  for (const range of RANGES.toReversed()) {
    const ridge = ridgeAt(x, range);
    if (y > ridge) return slope(x, y, ridge, range);
  }
  return sky(x, y);
}

function sky(x: number, y: number): Triple {
  const distance = Math.hypot(x - SUN.x, y - SUN.y);
  const clear = blend(gradient(SKY, y), GLOW, 0.8 * Math.exp(-6.5 * distance));
  const stars = step(0.3, 0.05, y) * step(0.965, 0.985, noise(x * 120, y * 120));
  const warp = 0.5 * fractal(x * 3 + 5, y * 6, 3);
  const cloud = (above: number) => fractal(x * 1.7 + warp + 8.2, (y - above) * 8 + warp + 2, 6);
  const cover = step(0.5, 0.66, cloud(0)) * step(0.6, 0.35, y);
  const underside = step(-0.06, 0.07, cloud(0) - cloud(-0.02));
  const clouds = blend(hex("#7d4f88"), blend(hex("#ff9f80"), GLOW, Math.exp(-4 * distance)), underside);
  const behind = blend(blend(clear, [1, 1, 1], 0.8 * stars), clouds, 0.85 * cover);
  return blend(behind, [1, 0.97, 0.85], step(0.05, 0.046, distance));
}

function ridgeAt(x: number, { base, height, frequency, seed }: Range): number {
  const coarse = 1 - Math.abs(2 * fractal(x * frequency + seed, seed, 2) - 1);
  const fine = fractal(x * frequency * 4 + seed, seed + 9, 6);
  return base - height * (0.72 * coarse ** 1.7 + 0.42 * (fine - 0.4));
}

/** The rock is ridged noise, lit from the left where it slopes that way. */
function slope(x: number, y: number, ridge: number, range: Range): Triple {
  const { base, height, frequency, seed, lit, shaded, snow } = range;
  const lean = 0.55 * (y - ridge);
  const rock = (at: number) => Math.abs(2 * fractal(at * frequency * 3.2 + seed, y * frequency * 2.2 + seed, 5) - 1);
  const face = 14 * (rock(x + lean) - rock(x + lean + 0.006)) + 22 * (ridgeAt(x + 0.012, range) - ridge);
  const light = step(-0.75, 0.75, face);
  const bare = blend(shaded, lit, 0.85 * light);
  const snowLine = base - snow * height * 1.1 + 0.09 * (rock(x) - 0.4) + 0.06 * (fractal(x * 16, seed, 3) - 0.5);
  const white = snow < 1 ? step(0.05, 0.01, y - snowLine) : 0;
  const covered = blend(bare, blend(hex("#a58fc4"), hex("#ffe3cf"), light), 0.9 * white);
  const mist = 0.5 * step(0.16, 0, base + 0.015 - y) * step(0.75, 0.6, base);
  return blend(covered, hex("#f3b294"), mist);
}

/** Firs on both banks: a shore line, and on it triangles with a ragged edge. */
function isTree(x: number, y: number): boolean {
  const bank = 0.13 * step(0.62, 0, x) + 0.1 * step(1.12, 1.62, x);
  const shore = 1.02 - bank - 0.02 * fractal(x * 9, 5, 3);
  if (y > shore + 0.02) return true;
  const spacing = 0.042;
  const slot = Math.floor(x / spacing);
  for (let tree = slot - 2; tree <= slot + 2; tree++) {
    const middle = (tree + 0.2 + 0.6 * noise(tree * 7.7, 1)) * spacing;
    const density = step(0.55, 0.1, middle) + step(1.2, 1.5, middle);
    const tall = (0.1 + 0.22 * noise(tree * 5.3, 9)) * density;
    const above = shore + 0.02 - y;
    if (tall < 0.03 || above < 0 || above > tall) continue;
    const taper = 1 - above / tall;
    const branch = 0.62 + 0.38 * ((taper * (tall / 0.021)) % 1);
    if (Math.abs(x - middle) < 0.19 * tall * taper * branch + 0.0012) return true;
  }
  return false;
}
