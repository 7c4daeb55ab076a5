import type { Rgba } from "../../src/core/image.ts";
import { rasterise } from "./svg.ts";
import { line } from "./typeface.ts";

const INK = "#1d2436";
const RED = "#b3392f";
const GREY = "#6b6357";

/** A type specimen: one small page, eight sizes. */
export function drawText(factor: number): Promise<Rgba> {
  const waterfall: readonly (readonly [number, string])[] = [
    [7.4, "Sphinx of black quartz,"],
    [6.2, "judge my vow: 0123456789"],
    [5.2, "Pack my box with five dozen jugs."],
    [4.4, "The five boxing wizards jump quickly."],
    [3.7, "Bright vixens jump, dozy fowl quack. So far, so good."],
    [3.1, "A picture is worth a thousand words, if it is large enough."],
  ];
  let baseline = 100;
  const lines = waterfall.map(([size, text]) => {
    const drawn = line(text, { x: 18, baseline, size, weight: 1.3, colour: INK });
    baseline += 2.15 * size + 1.5;
    return drawn;
  });
  return rasterise(
    256,
    192,
    factor,
    `<defs><linearGradient id="paper" x2=".4" y2="1"><stop stop-color="#fdf9ef"/><stop offset="1" stop-color="#f3e9d6"/></linearGradient></defs>
    <rect width="256" height="192" fill="url(#paper)"/>
    <path d="M18 16H238" stroke="${RED}" stroke-width="2"/>
    <path d="M18 81.5H238M18 83.5H238M18 176.5H238" stroke="${INK}" stroke-width=".5"/>
    ${line("Sharp", { x: 20, baseline: 52, size: 18.5, weight: 2.2, colour: INK })}
    ${line("Type", { x: 145, baseline: 52, size: 18.5, weight: 0.8, colour: RED })}
    ${line("A specimen in eight sizes", { x: 18, baseline: 75, size: 4.8, weight: 1.2, colour: GREY })}
    ${line("2x 3x 4x", { x: 200, baseline: 75, size: 4.8, weight: 1.5, colour: RED })}
    ${lines.join("")}`,
  );
}
