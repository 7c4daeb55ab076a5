import type { Rgba } from "../../src/core/image.ts";
import { createRandom } from "./noise.ts";
import { fixed, rasterise } from "./svg.ts";

const WIDTH = 240;
const HEIGHT = 180;
const QUAY = 112;
const FRONTS = ["#c8553d", "#e9a23b", "#3f7d8c", "#efe3c8", "#7a9e7e", "#b5446e", "#4a5a8a", "#d98e73"];

/** Gabled houses, boats and their reflections at dusk: windows, rigging, small bright lights. */
export function drawHarbour(factor: number): Promise<Rgba> {
  const shore = houses();
  const boats = [
    boat(58, 128, 1, "#f4efe2", "#b3392f"),
    boat(128, 122, 0.72, "#2f4f6f", "#f4efe2"),
    boat(186, 136, 1.15, "#7c2f2a", "#2b3557"),
  ];
  const mirrored = (content: string, about: number) =>
    `<g transform="translate(0 ${2 * about}) scale(1 -1)">${content}</g>`;
  return rasterise(
    WIDTH,
    HEIGHT,
    factor,
    `<defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="#27336b"/><stop offset=".5" stop-color="#b4658f"/><stop offset=".85" stop-color="#f7a874"/><stop offset="1" stop-color="#ffd9a0"/></linearGradient>
    <linearGradient id="water" x2="0" y2="1"><stop stop-color="#5a5a8c" stop-opacity=".35"/><stop offset="1" stop-color="#16204a" stop-opacity=".88"/></linearGradient></defs>
    <g id="shore"><rect width="${WIDTH}" height="${QUAY}" fill="url(#sky)"/>${sky()}${shore}</g>
    ${mirrored(`<rect width="${WIDTH}" height="${QUAY}" fill="url(#sky)"/>${shore}`, QUAY + 1.5)}
    <rect y="${QUAY}" width="${WIDTH}" height="3.4" fill="#3d3140"/><path d="M0 ${QUAY + 0.4}H${WIDTH}" stroke="#a58a7a" stroke-width=".8"/>
    <rect y="${QUAY + 3}" width="${WIDTH}" height="${HEIGHT - QUAY}" fill="url(#water)"/>
    ${boats.map(({ drawing, waterline }) => `<g opacity=".34">${mirrored(drawing, waterline)}</g>`).join("")}
    ${ripples()}${boats.map(({ drawing }) => drawing).join("")}${bollards()}`,
  );
}

function sky(): string {
  const gulls = [
    [150, 24, 1],
    [164, 31, 0.7],
    [140, 35, 0.6],
  ].map(
    ([x = 0, y = 0, size = 1]) =>
      `<path transform="translate(${x} ${y}) scale(${size})" d="M-6-2Q-3-4 0 0Q3-4 6-2" fill="none" stroke="#241f3d" stroke-width="1.1"/>`,
  );
  return `<path d="M36 14A9 9 0 1 0 43 26A7.6 7.6 0 0 1 36 14Z" fill="#fff3d6"/>
    <path d="M70 38q10-6 22-3q12-8 26 0q14-2 20 4zM168 50q12-5 24-1q14-6 30 3z" fill="#ffc39a" fill-opacity=".5"/>${gulls.join("")}`;
}

function houses(): string {
  const random = createRandom(23);
  const drawn: string[] = [];
  for (let x = -4, i = 0; x < WIDTH; i++) {
    const width = 22 + Math.round(8 * random());
    const height = 44 + Math.round(22 * random());
    drawn.push(house(x, width, height, i, random));
    x += width;
  }
  return drawn.join("");
}

function house(x: number, width: number, height: number, index: number, random: () => number): string {
  const top = QUAY - height;
  const middle = x + width / 2;
  const right = x + width;
  const front = FRONTS[index % FRONTS.length] ?? "";
  const gable =
    index % 3 === 0
      ? `M${x} ${top}V${top - 4}H${x + 4}V${top - 9}H${x + 8}V${top - 14}H${right - 8}V${top - 9}H${right - 4}V${top - 4}H${right}V${top}Z`
      : index % 3 === 1
        ? `M${x} ${top}Q${x + 5} ${top - 3} ${x + 6} ${top - 9}Q${middle} ${top - 20} ${right - 6} ${top - 9}Q${right - 5} ${top - 3} ${right} ${top}Z`
        : `M${x} ${top}L${middle} ${top - 15}L${right} ${top}Z`;
  const windows: string[] = [];
  const columns = width > 26 ? 3 : 2;
  for (let y = top + 5; y < QUAY - 18; y += 12) {
    for (let column = 0; column < columns; column++) {
      const left = x + 3.5 + (column * (width - 7)) / columns + (width - 7) / columns / 2 - 2.6;
      const lit = random() < 0.55;
      windows.push(
        `<g transform="translate(${fixed(left)} ${y})"><rect x="-.7" y="-.7" width="6.6" height="8.8" fill="#fbf4e4"/><rect width="5.2" height="7.4" fill="${lit ? "#ffd873" : "#2b3152"}"/>
        <path d="M2.6 0V7.4M0 3H5.2" stroke="#fbf4e4" stroke-width=".6"/></g>`,
      );
    }
  }
  const door = x + (random() < 0.5 ? 4 : width - 11);
  return `<g><path d="${gable}" fill="${front}"/><rect x="${x}" y="${top}" width="${width}" height="${height}" fill="${front}"/>
    <path d="${gable}" fill="none" stroke="#fbf4e4" stroke-width="1.1"/><circle cx="${middle}" cy="${top - 6}" r="1.9" fill="#ffd873" stroke="#fbf4e4" stroke-width=".7"/>
    <path d="M${x} ${top + 0.5}H${right}M${x} ${QUAY - 15.5}H${right}" stroke="#fbf4e4" stroke-width=".8"/>
    <rect x="${right - 2.5}" y="${top}" width="2.5" height="${height}" fill="#1d1638" fill-opacity=".28"/>${windows.join("")}
    <path d="M${door} ${QUAY}v-10a3.5 3.5 0 0 1 7 0v10z" fill="#3a2438" stroke="#fbf4e4" stroke-width=".7"/><circle cx="${door + 5.6}" cy="${QUAY - 5}" r=".6" fill="#ffd873"/></g>`;
}

function boat(
  x: number,
  waterline: number,
  size: number,
  hull: string,
  stripe: string,
): { drawing: string; waterline: number } {
  const drawing = `<g transform="translate(${x} ${waterline}) scale(${size})">
    <g fill="none" stroke="#231c33" stroke-linecap="round"><path d="M0-6V-62" stroke-width="1.3"/><path d="M0-11H24" stroke-width="1"/>
    <path d="M0-61L-27-7M0-61L28-8M-27-7L0-40M0-61L-6-7M0-61L7-7" stroke-width=".4"/></g>
    <path d="M1.5-58L23-13H1.5Z" fill="#fdf3df"/><path d="M1.5-58L23-13L12-13Z" fill="#e3cdb4"/><path d="M1.5-44H8.2M1.5-33H13.4M1.5-23H18.2" stroke="#b99f86" stroke-width=".5"/>
    <path d="M-2.5-55L-24-11L-3-14Z" fill="#f4b183"/><path d="M-2.5-55L-24-11L-14-12.3Z" fill="#e08d64"/>
    <path d="M0-62h8l-2.4 2.2 2.4 2.2h-8z" fill="#d7263d"/>
    <path d="M-28-7H30C27-1 24 2 20 3H-20C-24 2-27-2-28-7Z" fill="${hull}"/><path d="M-27.4-5H29L28-3H-26.4Z" fill="${stripe}"/>
    <path d="M4-7v-4h13l2.5 4z" fill="#8a5a3b"/><circle cx="8.5" cy="-9" r="1" fill="#ffd873"/><circle cx="13" cy="-9" r="1" fill="#ffd873"/></g>`;
  return { drawing, waterline: waterline + 3 * size };
}

/** Short strokes in the colour of the sky, longer and further apart towards the viewer. */
function ripples(): string {
  const random = createRandom(4);
  return Array.from({ length: 170 }, () => {
    const depth = random() ** 1.3;
    const y = QUAY + 5 + depth * (HEIGHT - QUAY - 6);
    const length = (2 + 12 * random()) * (0.4 + depth);
    const colour = random() < 0.55 ? "#ffcf9e" : "#131a40";
    return `<path d="M${fixed(WIDTH * random() - 8)} ${fixed(y)}q${fixed(length / 2)} ${fixed(0.9 * depth)} ${fixed(length)} 0" fill="none" stroke="${colour}" stroke-opacity="${fixed(0.16 + 0.3 * random())}" stroke-width="${fixed(0.35 + 0.75 * depth)}" stroke-linecap="round"/>`;
  }).join("");
}

function bollards(): string {
  return [12, 92, 158, 226]
    .map((x) => `<path d="M${x} ${QUAY}v-3.4h-.7v-1.2h4.4v1.2h-.7v3.4z" fill="#231c33"/>`)
    .join("");
}
