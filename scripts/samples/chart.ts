import type { Rgba } from "../../src/core/image.ts";
import { rasterise } from "./svg.ts";

const [WIDTH, HEIGHT, GROUND] = [224, 160, 140];
const BARS = [38, 61, 52, 84, 70, 97, 110];
const LINE = [96, 74, 88, 52, 64, 30, 22];

/** Bars and a grid along the pixels, and two lines across them, drawn at any size as a program would. */
export function drawChart(factor: number): Promise<Rgba> {
  const x = (i: number) => 22 + 29 * i;
  const grid = [20, 50, 80, 110].map((y) => `M12 ${y}.5H${WIDTH - 8}`).join("");
  const bars = BARS.map((height, i) => `<rect x="${x(i)}" y="${GROUND - height}" width="15" height="${height}"/>`).join(
    "",
  );
  const points = LINE.map((y, i) => `${x(i) + 7.5} ${y}`);
  const dots = points.map((point) => `<circle r="3.5" transform="translate(${point})"/>`).join("");
  return rasterise(
    WIDTH,
    HEIGHT,
    factor,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
    <path d="${grid}" stroke="#d0d7de"/>
    <g fill="#8250df">${bars}</g>
    <path d="M12 ${GROUND}.5H${WIDTH - 8}M12.5 12V${GROUND}" fill="none" stroke="#24292f"/>
    <polyline points="${points.join(" ")}" fill="none" stroke="#0969da" stroke-width="2"/>
    <g fill="#0969da">${dots}</g>
    <path d="M${x(0) + 7.5} 126Q 120 110 ${x(6) + 7.5} 64" fill="none" stroke="#cf222e"/>`,
  );
}
