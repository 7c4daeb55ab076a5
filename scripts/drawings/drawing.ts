import type { Rect } from "../../src/core/image.ts";
import { type Chance, chanceOf } from "./chance.ts";
import { chart, map, shapes, sprites } from "./figures.ts";
import { galleryOf, type Photograph } from "./gallery.ts";
import { BLURS, type Scene } from "./marks.ts";
import { article, code, controls, table } from "./pages.ts";
import { type Palette, paletteOf } from "./palette.ts";

const SCENES = [
  article,
  article,
  article,
  code,
  table,
  table,
  controls,
  controls,
  chart,
  chart,
  chart,
  shapes,
  shapes,
  shapes,
  map,
  sprites,
] as const;

/** A drawing of this size as SVG, the same for the same seed: one scene, or two beside or above one another. */
export function drawing(seed: number, width: number, height: number, photographs: readonly Photograph[]): string {
  const chance = chanceOf(seed);
  const palette = paletteOf(chance);
  const gallery = galleryOf(photographs);
  const scenes = photographs.length > 0 ? ([...SCENES, gallery, gallery, gallery] as const) : SCENES;
  const definitions = `<defs>${gradient(chance, palette)}<filter id="shadow"><feDropShadow dx="0" dy="2" stdDeviation="3" flood-opacity="0.4"/></filter>${BLURS.map(blur).join("")}</defs>`;
  const hard = chance.holds(0.15) ? 'shape-rendering="crispEdges"' : "";
  const parts = split(chance, width, height).map((area) => scene(chance, palette, chance.pick(scenes), area));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" text-rendering="geometricPrecision" xml:space="preserve" ${hard}>${definitions}<rect width="100%" height="100%" fill="${chance.holds(0.08) ? "url(#gradient)" : palette.paper}"/>${parts.join("")}</svg>`;
}

function split(chance: Chance, width: number, height: number): Rect[] {
  const whole = { x: 0, y: 0, width, height };
  if (chance.holds(0.4)) return [whole];
  const across = chance.holds(0.5);
  const cut = Math.round((across ? width : height) * chance.real(0.3, 0.7));
  return across
    ? [
        { ...whole, width: cut },
        { ...whole, x: cut, width: width - cut },
      ]
    : [
        { ...whole, height: cut },
        { ...whole, y: cut, height: height - cut },
      ];
}

function scene(chance: Chance, palette: Palette, draw: Scene, { x, y, width, height }: Rect): string {
  const panel = chance.holds(0.3) ? `<rect width="${width}" height="${height}" fill="${palette.panel}"/>` : "";
  return `<svg x="${x}" y="${y}" width="${width}" height="${height}">${panel}${draw(chance, palette, width, height)}</svg>`;
}

/** The filter's region is larger than any drawing, because softened shapes would have a hard edge where it cuts them off. */
function blur(deviation: number): string {
  return `<filter id="blur-${deviation}" filterUnits="userSpaceOnUse" x="-200" y="-200" width="800" height="800"><feGaussianBlur stdDeviation="${deviation}"/></filter>`;
}

function gradient(chance: Chance, { paper, accents }: Palette): string {
  return `<linearGradient id="gradient" x2="${chance.int(0, 1)}" y2="1"><stop stop-color="${chance.pick(accents)}"/><stop offset="1" stop-color="${chance.pick([paper, ...accents])}"/></linearGradient>`;
}
