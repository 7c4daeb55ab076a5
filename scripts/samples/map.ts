import type { Rgb } from "../../src/core/image.ts";
import { blend, gradient, hex, type Triple } from "./colour.ts";
import { fractal, mix } from "./noise.ts";
import { fixed, rasterise } from "./svg.ts";

const SIDE = 240;
const LINE = hex("#9a5a2c");
const SHORE = hex("#2f6f86");
const INTERVAL = 0.034;
const SEA_LEVEL = 0.385;

/** Colour by height above the sea; it is constant between two contour lines. */
const TINTS = [
  [-9, hex("#a9ccd3")],
  [-0.1, hex("#b4d3d8")],
  [-0.03, hex("#cfe3e4")],
  [-0.001, hex("#cfe3e4")],
  [0, hex("#e3e6c6")],
  [0.19, hex("#f6f0e0")],
  [0.36, hex("#ecd3b0")],
  [9, hex("#ecd3b0")],
] as const;

/** A contour map with a compass rose: thin lines at every angle. */
export async function drawMap(factor: number): Promise<Rgb> {
  const {
    width,
    height,
    data: overlay,
  } = await rasterise(SIDE, SIDE, factor, frame() + route() + compass(188, 56, 34));
  const data = new Uint8ClampedArray(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    const ground = contours(((i % width) + 0.5) / factor, (Math.floor(i / width) + 0.5) / factor, 1 / factor);
    const cover = (overlay[4 * i + 3] ?? 0) / 255;
    for (const [c, channel] of ground.entries()) data[3 * i + c] = mix(255 * channel, overlay[4 * i + c] ?? 0, cover);
  }
  return { width, height, data };
}

function terrain(x: number, y: number): number {
  const [u, v] = [x / 105, y / 105];
  const bend = fractal(u * 0.8 + 4, v * 0.8 + 9, 2);
  const lowland = Math.max(0, 1 - Math.hypot(x - 190, y - 58) / 95);
  return fractal(u + 1.4 * bend + 2.2, v + 1.4 * bend + 7.7, 3) + 0.08 - 0.4 * lowland;
}

/** Contour lines by distance: the distance to a line is the difference in height, divided by the slope. */
function contours(x: number, y: number, pixel: number): Triple {
  const height = terrain(x, y) - SEA_LEVEL;
  const slope = Math.hypot(terrain(x + 0.05, y) - SEA_LEVEL - height, terrain(x, y + 0.05) - SEA_LEVEL - height) / 0.05;
  const level = Math.round(height / INTERVAL);
  const off = Math.abs(height - level * INTERVAL) / slope;
  const ink = (width: number) => Math.min(1, Math.max(0, 0.5 + (width / 2 - off) / pixel));
  const tint = gradient(TINTS, Math.floor(height / INTERVAL) * INTERVAL);
  if (level === 0) return blend(tint, SHORE, ink(1.4));
  if (level < 0) return blend(tint, SHORE, level > -4 ? 0.45 * ink(0.5) : 0);
  return blend(tint, LINE, level % 5 === 0 ? ink(1.1) : 0.85 * ink(0.7));
}

function frame(): string {
  const ticks = Array.from({ length: 24 }, (_, i) => {
    const at = fixed(i * 9.5 + 6);
    return i % 2 === 0
      ? `<path d="M${at} 4.2h9.5M${at} 235.8h9.5M4.2 ${at}v9.5M235.8 ${at}v9.5" stroke="#33302b" stroke-width="2.2"/>`
      : "";
  });
  const grid = [63, 120, 177].map((at) => `M6 ${at}H234M${at} 6V234`).join("");
  return `<path d="M0 0H240V240H0ZM6 6V234H234V6Z" fill="#f6f0e0" fill-rule="evenodd"/>
    <path d="${grid}" stroke="#33302b" stroke-opacity=".28" stroke-width=".4"/>
    <path d="M2.6 2.6H237.4V237.4H2.6ZM6 6H234V234H6Z" fill="none" stroke="#33302b" stroke-width=".7"/>${ticks.join("")}`;
}

function route(): string {
  return `<path d="M22 214C52 196 44 168 74 158S108 182 128 164S132 120 158 116" fill="none" stroke="#b3252a"
      stroke-width="1.5" stroke-dasharray="4 2.6"/>
    <circle cx="22" cy="214" r="2.8" fill="#fff" stroke="#b3252a" stroke-width="1.3"/>
    <path d="M154 112l8 8m0-8l-8 8" stroke="#b3252a" stroke-width="2"/>`;
}

function compass(x: number, y: number, radius: number): string {
  const star = (points: number, length: number, waist: number, turn: number) =>
    Array.from({ length: points }, (_, i) => {
      const angle = turn + (i * 360) / points;
      return `<g transform="rotate(${angle})"><path d="M0 0L${-waist}-${waist}L0-${length}Z" fill="#22395c"/>
        <path d="M0 0L${waist}-${waist}L0-${length}Z" fill="#f6f0e0"/>
        <path d="M0 0L${-waist}-${waist}L0-${length}L${waist}-${waist}Z" fill="none" stroke="#22395c" stroke-width=".45"/></g>`;
    }).join("");
  const ticks = Array.from(
    { length: 72 },
    (_, i) =>
      `<path transform="rotate(${i * 5})" d="M0-${fixed(radius * 0.8)}V-${fixed(radius * (i % 6 ? 0.85 : 0.9))}"/>`,
  );
  const ring = (share: number, width: number) =>
    `<circle r="${fixed(radius * share)}" fill="none" stroke-width="${width}"/>`;
  return `<g transform="translate(${x} ${y})">
    <g stroke="#22395c" stroke-width=".5">${ticks.join("")}${ring(0.8, 0.5)}${ring(0.92, 0.9)}${ring(0.5, 0.4)}</g>
    ${star(8, radius * 0.5, 2.1, 22.5)}${star(4, radius * 0.68, 3, 45)}${star(4, radius * 0.98, 4, 0)}
    <circle r="2" fill="#b3252a"/><path d="M-2.6-${radius + 1.5}v-6l5.2 6v-6" fill="none" stroke="#b3252a" stroke-width="1.2"/></g>`;
}
