import type { Chance } from "./chance.ts";

/** Colours of one drawing, as CSS. */
export interface Palette {
  readonly paper: string;
  readonly panel: string;
  readonly rule: string;
  readonly ink: string;
  readonly faint: string;
  readonly accents: readonly [string, ...string[]];
}

/** A light theme twice as often as a dark one. */
export function paletteOf(chance: Chance): Palette {
  const hue = chance.int(0, 359);
  const tint = chance.holds(0.5) ? 0 : chance.int(5, 40);
  const shade = (lightness: number) => `hsl(${hue} ${tint}% ${lightness}%)`;
  const accents = chance.times(5, (i) => accent(chance, hue + 72 * i)) as [string, ...string[]];
  const saturated = chance.holds(0.12);
  if (chance.holds(0.33)) {
    const paper = saturated ? `hsl(${hue} 70% 25%)` : shade(chance.int(4, 18));
    return {
      paper,
      panel: shade(chance.int(16, 28)),
      rule: shade(40),
      ink: shade(chance.int(80, 100)),
      faint: shade(60),
      accents,
    };
  }
  const paper = saturated ? `hsl(${hue} 80% 75%)` : chance.holds(0.5) ? "#fff" : shade(chance.int(90, 98));
  return {
    paper,
    panel: shade(chance.int(86, 97)),
    rule: shade(chance.int(60, 85)),
    ink: shade(chance.int(0, 25)),
    faint: shade(50),
    accents,
  };
}

function accent(chance: Chance, hue: number): string {
  return `hsl(${hue % 360} ${chance.int(45, 100)}% ${chance.int(30, 65)}%)`;
}
