import { fixed } from "./svg.ts";

const BOWL = "M10-5A5 5 0 1 1 0-5A5 5 0 1 1 10-5";

/**
 * A typeface of our own, so that no font need be installed. Each glyph is one stroke: its advance width without side
 * bearings, then SVG path data. Baseline at 0, x-height 10, capitals 14, descenders 4.5.
 */
const GLYPHS: Readonly<Record<string, readonly [number, string]>> = {
  " ": [2, ""],
  a: [10, `${BOWL}M10-10V0`],
  b: [10, `${BOWL}M0-15V0`],
  c: [8.9, "M8.83-8.21A5 5 0 1 0 8.83-1.79"],
  d: [10, `${BOWL}M10-15V0`],
  e: [10, "M0-5.2H10A5 5 0 1 0 8.7-1.5"],
  f: [6, "M6.2-15H5.6A3.1 3.1 0 0 0 2.5-11.9V0M0-10H6"],
  g: [10, `${BOWL}M10-10V0A5 4.6 0 0 1 .8 2.2`],
  h: [9, "M0-15V0M0-5.5A4.5 4.5 0 0 1 9-5.5V0"],
  i: [0.4, "M.2-10V0M.2-14V-13.9"],
  j: [2.2, "M2-10V2A2.6 2.6 0 0 1-1 4.6M2-14V-13.9"],
  k: [8, "M0-15V0M7.6-10L0-3.6M2.8-6L8 0"],
  l: [0.4, "M.2-15V0"],
  m: [15, "M0-10V0M0-6.2A3.75 3.8 0 0 1 7.5-6.2V0M7.5-6.2A3.75 3.8 0 0 1 15-6.2V0"],
  n: [9, "M0-10V0M0-5.5A4.5 4.5 0 0 1 9-5.5V0"],
  o: [10, BOWL],
  p: [10, `${BOWL}M0-10V4.5`],
  q: [10, `${BOWL}M10-10V4.5`],
  r: [5, "M0-10V0M0-5.2A4.8 4.8 0 0 1 5-10"],
  s: [6.8, "M6.5-8.3C6-9.5 5-10 3.5-10C1.6-10 .4-9 .4-7.5C.4-4.2 6.8-5.8 6.8-2.5C6.8-.9 5.4 0 3.5 0C1.7 0 .5-.7 0-2"],
  t: [6, "M2.5-13.5V-3A3 3 0 0 0 5.5 0H6M0-10H6"],
  u: [9, "M0-10V-4.5A4.5 4.5 0 0 0 9-4.5M9-10V0"],
  v: [9, "M0-10L4.5 0L9-10"],
  w: [14, "M0-10L3.5 0L7-10L10.5 0L14-10"],
  x: [8, "M0-10L8 0M8-10L0 0"],
  y: [9, "M0-10L4.5 0M9-10L2.5 4.5"],
  z: [8, "M0-10H8L0 0H8"],
  A: [11, "M0 0L5.5-14L11 0M2-5H9"],
  B: [8.6, "M0-7.4H4.8A3.3 3.3 0 0 0 4.8-14H0V0H4.9A3.7 3.7 0 0 0 4.9-7.4"],
  F: [8, "M8-14H0V0M0-7.2H7"],
  G: [14, "M12.4-11.5A7 7 0 1 0 14-7H8.5"],
  J: [6, "M6-14V-4A3.4 4 0 0 1-.8-3.2"],
  P: [8.8, "M0 0V-14H5A3.8 3.8 0 0 1 5-6.4H0"],
  S: [9, "M8.3-11.2C7.8-13 6.4-14 4.5-14C2-14 .5-12.6 .5-10.6C.5-5.8 8.8-8.2 8.8-3.6C8.8-1.4 7 0 4.6 0C2.2 0 .6-1 0-3"],
  T: [10, "M0-14H10M5-14V0"],
  "0": [8.4, "M8.4-7A4.2 7 0 1 1 0-7A4.2 7 0 1 1 8.4-7"],
  "1": [4, "M0-11L4-14V0"],
  "2": [8.4, "M.3-10.2A4 4 0 1 1 7.4-7.4L0 0H8.4"],
  "3": [
    8.3,
    "M.5-12.1C1.3-13.3 2.5-14 4-14C6.2-14 7.8-12.6 7.8-10.7C7.8-8.7 6.2-7.4 4-7.4C6.6-7.4 8.3-5.8 8.3-3.7C8.3-1.5 6.5 0 4.1 0C2.2 0 .7-.9 0-2.5",
  ],
  "4": [9, "M6.5 0V-14L0-4H9"],
  "5": [8.3, "M7.8-14H1.6L.9-7.9C1.7-8.7 2.8-9 4-9C6.6-9 8.3-7.2 8.3-4.6C8.3-1.9 6.4 0 3.9 0C2.2 0 .8-.8 0-2.2"],
  "6": [8.4, "M6.4-14L.7-6.5M8.4-4.2A4.2 4.2 0 1 1 0-4.2A4.2 4.2 0 1 1 8.4-4.2"],
  "7": [8.4, "M0-14H8.4L3 0"],
  "8": [
    8.4,
    "M7.7-10.6A3.5 3.4 0 1 1 .7-10.6A3.5 3.4 0 1 1 7.7-10.6M8.4-3.6A4.2 3.6 0 1 1 0-3.6A4.2 3.6 0 1 1 8.4-3.6",
  ],
  "9": [8.4, "M2 0L7.7-7.5M8.4-9.8A4.2 4.2 0 1 1 0-9.8A4.2 4.2 0 1 1 8.4-9.8"],
  ".": [0.4, "M.2-.1V0"],
  ",": [1.5, "M1.2-.5L0 2.5"],
  ":": [0.4, "M.2-.1V0M.2-8.1V-8"],
  "-": [5, "M0-5.2H5"],
};

const BEARING = 3.6;
interface Setting {
  readonly x: number;
  readonly baseline: number;
  /** Height of a lowercase x. */
  readonly size: number;
  /** Width of the stroke in glyph units, of which an x is 10 high. */
  readonly weight: number;
  readonly colour: string;
}

/** A line of text as SVG. */
export function line(text: string, { x, baseline, size, weight, colour }: Setting): string {
  let pen = 0;
  const letters = [...text].map((letter) => {
    const [advance, path] = GLYPHS[letter] ?? [0, ""];
    const placed = `<path transform="translate(${fixed(pen)} 0)" d="${path}"/>`;
    pen += advance + BEARING;
    return placed;
  });
  return `<g transform="translate(${x} ${baseline}) scale(${fixed(size)}) scale(.1)" fill="none" stroke="${colour}"
    stroke-width="${weight}" stroke-linecap="round" stroke-linejoin="round">${letters.join("")}</g>`;
}
