import type { Chance } from "./chance.ts";
import type { Palette } from "./palette.ts";

/** Draws SVG elements into a rectangle whose top left corner is 0, 0. */
export type Scene = (chance: Chance, palette: Palette, width: number, height: number) => string;

/** How far edges are softened, in pixels: the filter `blur-N`. */
export const BLURS = [0.5, 0.8, 1.2, 2, 4, 8] as const;

export const rect = (x: number, y: number, width: number, height: number, fill: string, more = "") =>
  `<rect x="${x}" y="${y}" width="${Math.max(0, width)}" height="${Math.max(0, height)}" fill="${fill}" ${more}/>`;

/** A line along pixels: if its width is odd, it lies in their middle. */
export const rule = (x1: number, y1: number, x2: number, y2: number, stroke: string, width = 1, more = "") => {
  const shift = width % 2 === 1 ? 0.5 : 0;
  return `<path d="M${x1 + shift} ${y1 + shift}L${x2 + shift} ${y2 + shift}" stroke="${stroke}" stroke-width="${width}" fill="none" ${more}/>`;
};

const icons = [
  "M4 12l5 5L20 6",
  "M12 4v16M4 12h16",
  "M5 5l14 14M19 5L5 19",
  "M3 11l9-8 9 8v10h-6v-6H9v6H3z",
  "M12 3a9 9 0 1 0 .01 0z",
  "M4 6h16M4 12h16M4 18h16",
  "M12 2l3 7 7 .5-5.500 4.500L18.500 21 12 17l-6.500 4 2-7L2 9.500 9 9z",
  "M10 4a6 6 0 1 0 .01 0zM14.500 14.500L21 21",
  "M4 4h12l4 4v12H4z",
  "M12 21C4 14 3 10 4 7c2-4 7-3 8 0 1-3 6-4 8 0 1 3 0 7-8 14z",
] as const;

export const icon = (chance: Chance, x: number, y: number, size: number, colour: string) => {
  const paint = chance.holds(0.4)
    ? `fill="${colour}"`
    : `fill="none" stroke="${colour}" stroke-width="${chance.pick([1, 1.5, 2, 2.5, 3])}"`;
  return `<path transform="translate(${x} ${y}) scale(${size / 24})" d="${chance.pick(icons)}" ${paint}/>`;
};
