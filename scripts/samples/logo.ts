import type { Rgba } from "../../src/core/image.ts";
import { createRandom } from "./noise.ts";
import { fixed, rasterise } from "./svg.ts";

const SIDE = 192;
const CELL = 12;
const RADIUS = 6 * CELL;

/** Pixels that become a smooth disc on a transparent ground, with a soft shadow, glow and gradients. */
export function drawLogo(factor: number): Promise<Rgba> {
  return rasterise(
    SIDE,
    SIDE,
    factor,
    `<defs>
      <linearGradient id="pixels" gradientUnits="userSpaceOnUse" x1="22" y1="22" x2="170" y2="170"><stop stop-color="#28e0c8"/><stop offset=".5" stop-color="#2f7df6"/><stop offset="1" stop-color="#8b3df0"/></linearGradient>
      <radialGradient id="shine" cx=".78" cy=".26" r=".27"><stop stop-color="#fff" stop-opacity=".55"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient>
      <filter id="soft" x="-30%" y="-30%" width="160%" height="170%"><feGaussianBlur stdDeviation="5"/></filter>
      <clipPath id="half"><path d="M96 0H192V192H96Z"/></clipPath>
    </defs>
    <g transform="translate(0 6)" opacity=".4" filter="url(#soft)">${body("#16204f")}</g>
    ${body("url(#pixels)")}
    <g clip-path="url(#half)"><circle cx="96" cy="93" r="${RADIUS}" fill="url(#shine)"/></g>
    <path d="M96 123C122 123 112 63 150 63" fill="none" stroke="#fff" stroke-width="12"/><circle cx="150" cy="63" r="6" fill="#fff"/>
    ${stairs()}`,
  );
}

/** The right half is a half disc; the left half is made of cells that are rarer and paler further out. */
function body(fill: string): string {
  const random = createRandom(5);
  const cells: string[] = [];
  for (let x = 96 - CELL; x >= 96 - 7 * CELL; x -= CELL) {
    for (let y = 93 - 7 * CELL; y < 93 + 7 * CELL; y += CELL) {
      const reach = Math.hypot(x + CELL / 2 - 96, y + CELL / 2 - 93) / RADIUS;
      const out = (96 - x) / (7 * CELL);
      const lot = random();
      if (reach > 1.02 || lot < 1.5 * (out - 0.5)) continue;
      const size = CELL - 7 * Math.max(0, out - 0.3) * (0.5 + lot);
      const inset = (CELL - size) / 2;
      cells.push(
        `<rect x="${fixed(x + inset)}" y="${fixed(y + inset)}" width="${fixed(size)}" height="${fixed(size)}" fill-opacity="${fixed(Math.min(1, 1.25 - 0.75 * out))}"/>`,
      );
    }
  }
  return `<g fill="${fill}"><path d="M96 ${93 - RADIUS}A${RADIUS} ${RADIUS} 0 0 1 96 ${93 + RADIUS}Z"/>${cells.join("")}</g>`;
}

/** The curve goes on to the left in pixels. */
function stairs(): string {
  return [
    [84, 117, 12, 1],
    [72, 117, 12, 0.85],
    [60.6, 129.6, 10.8, 0.5],
  ]
    .map(
      ([x, y, side, opacity]) =>
        `<rect x="${x}" y="${y}" width="${side}" height="${side}" fill="#fff" fill-opacity="${opacity}"/>`,
    )
    .join("");
}
