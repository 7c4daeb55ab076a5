import type { Rgba } from "../../src/core/image.ts";
import { createRandom } from "./noise.ts";
import { fixed, rasterise } from "./svg.ts";

const TILE = 64;
/** Small enough for x4 in AVIF, which has the lowest limit, MAX_AVIF_PIXELS. */
const WIDTH = 3 * TILE;
const HEIGHT = 2 * TILE;

/** Glazed wall tiles, each a little different in shade: fine ornament that repeats. */
export function drawTiles(factor: number): Promise<Rgba> {
  const random = createRandom(11);
  const tiles: string[] = [];
  for (let y = 0; y < HEIGHT; y += TILE) {
    for (let x = 0; x < WIDTH; x += TILE) {
      const shade = fixed(0.1 * random());
      tiles.push(
        `<g transform="translate(${x} ${y})"><use href="#tile"/><rect width="64" height="64" fill="#5b3d12" fill-opacity="${shade}"/>
        <rect x=".8" y=".8" width="62.4" height="62.4" rx="1.4" fill="none" stroke="url(#bevel)" stroke-width="1.1"/>
        <rect width="64" height="64" fill="none" stroke="#8d8576" stroke-width="1"/></g>`,
      );
    }
  }
  return rasterise(
    WIDTH,
    HEIGHT,
    factor,
    `<defs><linearGradient id="bevel" x2="1" y2="1"><stop stop-color="#fff" stop-opacity=".9"/><stop offset=".5" stop-color="#fff" stop-opacity=".1"/><stop offset="1" stop-color="#2a2418" stop-opacity=".5"/></linearGradient>
    <radialGradient id="light" gradientUnits="userSpaceOnUse" cx="50" cy="30" r="210"><stop stop-color="#fff" stop-opacity=".3"/><stop offset=".45" stop-color="#fff" stop-opacity="0"/><stop offset="1" stop-color="#141c3c" stop-opacity=".42"/></radialGradient>
    <g id="tile">${tile()}</g></defs>
    ${tiles.join("")}<rect width="${WIDTH}" height="${HEIGHT}" fill="url(#light)"/>`,
  );
}

function tile(): string {
  const blue = "#1d4f9e";
  const deep = "#12306b";
  const ochre = "#e0a021";
  const green = "#3c8f7c";
  const turned = (count: number, start: number, content: string) =>
    Array.from({ length: count }, (_, i) => `<g transform="rotate(${start + (i * 360) / count})">${content}</g>`).join(
      "",
    );
  const petal = `<path d="M0-6C7-12 6-20 0-26C-6-20-7-12 0-6Z" fill="${blue}"/><path d="M0-9C3-13 3-18 0-22C-3-18-3-13 0-9Z" fill="#7fb2e5"/><path d="M0-8V-21" stroke="${deep}" stroke-width=".5"/>`;
  const leaf = `<path d="M0-7C3.4-11 3-15 0-19C-3-15-3.4-11 0-7Z" fill="${green}"/><circle cy="-23.5" r="1.5" fill="${ochre}"/>`;
  const corner = `<path d="M-32-32H-14A18 18 0 0 1-32-14Z" fill="${deep}"/><path d="M-32-32H-17.5A14.5 14.5 0 0 1-32-17.5Z" fill="${ochre}"/>
    <path d="M-32-32H-21A11 11 0 0 1-32-21Z" fill="#f7f2e4"/><path d="M-32-32H-24.5A7.5 7.5 0 0 1-32-24.5Z" fill="${blue}"/>
    <path d="M-12.5-32A19.5 19.5 0 0 1-32-12.5" fill="none" stroke="${blue}" stroke-width=".7"/>
    <path d="M-16-16l4.5 4.5" stroke="${blue}" stroke-width="1"/><circle cx="-11" cy="-11" r="1.4" fill="${ochre}"/>`;
  const edge = `<path d="M-6.5-32A6.5 6.5 0 0 0 6.5-32Z" fill="${green}"/><path d="M-4-32A4 4 0 0 0 4-32Z" fill="#f7f2e4"/>
    <path d="M-11-32C-10-27-4-24.5 0-24.5S10-27 11-32" fill="none" stroke="${deep}" stroke-width=".7"/>`;
  return `<rect width="64" height="64" fill="#f7f2e4"/><g transform="translate(32 32)">
    ${turned(4, 0, corner)}${turned(4, 0, edge)}${turned(4, 0, petal)}${turned(4, 45, leaf)}
    <circle r="7" fill="${ochre}"/><circle r="7" fill="none" stroke="${deep}" stroke-width=".8"/>
    ${turned(12, 0, `<path d="M0-2.6V-6" stroke="${deep}" stroke-width=".55"/>`)}<circle r="2.6" fill="${deep}"/></g>`;
}
