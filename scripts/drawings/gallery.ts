import { rect, type Scene } from "./marks.ts";
import { family, text, words } from "./words.ts";

export interface Photograph {
  readonly href: string;
  readonly width: number;
  readonly height: number;
}

/** Photographs are still sharp at this density. */
const DENSITY = 4;

/** Cards: photographs with a line below or across them. */
export const galleryOf =
  (photographs: readonly Photograph[]): Scene =>
  (chance, { paper, ink, accents }, width, height) => {
    const font = family(chance);
    const size = chance.pick([9, 10, 11, 12, 13, 14, 16, 20]);
    const [isAcross, isShaded] = [chance.holds(0.5), chance.holds(0.5)];
    const gap = chance.pick([0, 2, 6, 8, 12]);
    const card = chance.int(70, 190);
    const round = chance.pick([0, 0, 4, 8, 16]);
    const parts: string[] = [];
    for (let y = gap; y < height; ) {
      const tall = chance.int(50, 150);
      for (let x = gap; x < width; x += card + gap) {
        const { href, ...whole } = chance.pick(photographs as [Photograph, ...Photograph[]]);
        const w = Math.min(card, Math.floor(whole.width / DENSITY));
        const h = Math.min(tall, Math.floor(whole.height / DENSITY));
        const part = chance.pick(["xMinYMin", "xMidYMid", "xMaxYMax"]);
        parts.push(
          `<image href="${href}" x="${x}" y="${y}" width="${w}" height="${h}" preserveAspectRatio="${part} slice" style="clip-path:inset(0 round ${round}px)"/>`,
        );
        const line = words(chance, Math.ceil(card / (size * 2.6)));
        const at = isAcross ? y + h - 6 : y + h + size;
        if (isAcross && isShaded) parts.push(rect(x, at - size - 2, w, size + 8, paper, 'fill-opacity="0.6"'));
        const fill = isAcross && !isShaded ? chance.pick(["#fff", "#000", ...accents]) : ink;
        parts.push(text(x + 4, at, line, { size, fill, font, weight: chance.pick([400, 700]) }));
      }
      y += tall + gap + (isAcross ? 0 : size + 4);
    }
    return parts.join("");
  };
