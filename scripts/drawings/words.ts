import type { Chance } from "./chance.ts";

/** Families that are common on screens, all under free licences; the machine's default stands in for one that is not installed. */
const PROPORTIONAL = [
  "Roboto",
  "Open Sans",
  "Lato",
  "Noto Sans",
  "Inter",
  "Cantarell",
  "Carlito",
  "Noto Serif",
  "EB Garamond",
  "Linux Libertine O",
  "Roboto Slab",
  "Quicksand",
  "Comfortaa",
  "WenQuanYi Zen Hei",
  "Liberation Sans Narrow",
] as const;
const MONOSPACED = ["Fira Code", "JetBrains Mono", "Hack", "Noto Mono"] as const;

const LETTERS = [
  "etaoinshrdlucmfwypvbgkjqxz",
  "ETAOINSHRDLUCMFWYPVBGKJQXZ",
  "0123456789",
  "аеионтсрвлкмдпу",
  "的一是不了人我在有他",
] as const;

export const family = (chance: Chance) => chance.pick(PROPORTIONAL);
export const monospaced = (chance: Chance) => chance.pick(MONOSPACED);

/** Letters are about as frequent as in English, so that words have likely shapes. */
export function word(chance: Chance): string {
  const kind = chance.int(0, 29);
  const letters =
    kind < 24 ? LETTERS[0] : kind < 26 ? LETTERS[1] : kind < 28 ? LETTERS[2] : kind < 29 ? LETTERS[3] : LETTERS[4];
  const drawn = chance
    .times(chance.int(1, 9), () => letters[Math.floor(letters.length * chance.real(0, 1) ** 1.6)] ?? "e")
    .join("");
  const capital = kind < 24 && chance.holds(0.2) ? drawn.charAt(0).toUpperCase() + drawn.slice(1) : drawn;
  return chance.holds(0.1) ? capital + chance.pick([".", ",", ":", ";", "!", "?", "-", ")", "%", "…"]) : capital;
}

export const words = (chance: Chance, count: number) => chance.times(count, () => word(chance)).join(" ");

interface TextOptions {
  readonly size: number;
  readonly fill: string;
  readonly font: string;
  readonly weight?: number;
  readonly anchor?: "start" | "middle" | "end";
  readonly more?: string;
}

/** Puts the baseline on a whole pixel, as browsers do. */
export function text(
  x: number,
  y: number,
  content: string,
  { size, fill, font, weight = 400, anchor = "start", more = "" }: TextOptions,
): string {
  return `<text x="${x}" y="${Math.round(y)}" font-family="${font}" font-size="${size}" font-weight="${weight}" fill="${fill}" text-anchor="${anchor}" ${more}>${content}</text>`;
}
