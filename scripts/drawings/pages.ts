import { icon, rect, rule, type Scene } from "./marks.ts";
import { family, monospaced, text, word, words } from "./words.ts";

export const article: Scene = (chance, { ink, faint, accents, rule: line }, width, height) => {
  const font = family(chance);
  const weight = chance.pick([400, 400, 400, 300, 100]);
  const size = chance.pick([9, 10, 11, 12, 13, 13, 14, 14, 15, 16, 16, 18, 20, 24]);
  const leading = Math.round(size * chance.real(1.15, 1.7));
  const perLine = Math.ceil(width / (size * 2.6));
  const parts: string[] = [];
  for (let y = leading + 2; y < height; y += leading) {
    if (chance.holds(0.1)) {
      const large = Math.round(size * chance.real(1.2, 2.6));
      y += large;
      const fill = chance.pick([ink, accents[0]]);
      parts.push(text(4, y, words(chance, 4), { size: large, fill, font, weight: chance.pick([100, 300, 600, 700]) }));
      y += Math.round(large / 3);
    } else if (chance.holds(0.06)) {
      parts.push(rule(4, y, width - 4, y, line));
    } else {
      const fill = chance.holds(0.8) ? ink : chance.pick([faint, ...accents]);
      const more =
        fill === accents[1] ? 'text-decoration="underline"' : chance.holds(0.05) ? 'font-style="italic"' : "";
      parts.push(
        text(4 + (chance.holds(0.1) ? 14 : 0), y, words(chance, perLine), {
          size,
          fill,
          font,
          weight: chance.holds(0.1) ? 700 : weight,
          more,
        }),
      );
    }
  }
  return parts.join("");
};

export const code: Scene = (chance, { ink, faint, accents }, width, height) => {
  const font = monospaced(chance);
  const size = chance.pick([10, 11, 12, 13, 14]);
  const leading = Math.round(size * 1.4);
  const parts: string[] = [];
  for (let y = leading; y < height; y += leading) {
    let x = 30 + 2 * size * chance.int(0, 3);
    parts.push(text(24, y, String(y), { size, fill: faint, font, anchor: "end" }));
    while (x < width && chance.holds(0.85)) {
      const token = chance.holds(0.3)
        ? chance.pick(["{", "}", "=&gt;", "===", "();", "[0]", "&amp;&amp;", "#", "//", "/*"])
        : word(chance);
      parts.push(text(x, y, token, { size, fill: chance.pick([ink, ink, ...accents]), font }));
      x += Math.round((token.length + 1) * size * 0.61);
    }
  }
  return parts.join("");
};

export const table: Scene = (chance, { ink, panel, rule: line, accents }, width, height) => {
  const [row, column] = [chance.int(14, 30), chance.int(36, 90)];
  const size = Math.max(9, Math.round(row * 0.55));
  const font = family(chance);
  const hasColumns = chance.holds(0.6);
  const parts = [rect(0, 0, width, row, chance.pick([panel, accents[0]]))];
  for (let y = 0, i = 0; y < height; y += row, i++) {
    if (i > 0 && i % 2 === 0) parts.push(rect(0, y, width, row, panel));
    parts.push(rule(0, y, width, y, line));
    for (let x = 0; x < width; x += column) {
      const content = chance.holds(0.5) ? chance.real(0, 5000).toFixed(chance.int(0, 2)) : word(chance);
      parts.push(text(x + 4, y + row * 0.72, content, { size, fill: ink, font, weight: i === 0 ? 700 : 400 }));
    }
  }
  for (let x = 0; hasColumns && x < width; x += column) parts.push(rule(x, 0, x, height, line));
  return parts.join("");
};

export const controls: Scene = (chance, { paper, panel, rule: line, ink, faint, accents }, width, height) => {
  const font = family(chance);
  const size = chance.pick([11, 12, 13, 14, 16]);
  const parts: string[] = [];
  for (let y = 6; y < height - 20; ) {
    const tall = chance.int(22, 60);
    for (let x = 6; x < width - 30; ) {
      const wide = chance.int(24, 150);
      const fill = chance.pick([panel, panel, paper, ...accents]);
      const radius = chance.pick([0, 2, 4, 6, 8, 12, Math.floor(tall / 2)]);
      const shadow = chance.holds(0.2) ? 'filter="url(#shadow)"' : "";
      const edge = chance.holds(0.6)
        ? `stroke="${chance.pick([line, faint, accents[2] ?? ink])}" stroke-width="${chance.pick([1, 1, 2])}"`
        : "";
      parts.push(
        rect(
          x + 0.5,
          y + 0.5,
          wide,
          tall,
          chance.holds(0.12) ? "url(#gradient)" : fill,
          `rx="${radius}" ${edge} ${shadow}`,
        ),
      );
      const onto = fill === panel || fill === paper ? ink : chance.pick([paper, ink]);
      if (chance.holds(0.4))
        parts.push(
          icon(chance, x + 4, y + 4, chance.pick([12, 16, 16, 20, 24, 32, 48]), chance.pick([onto, ...accents])),
        );
      else
        parts.push(
          text(x + wide / 2, y + tall / 2 + size / 3, word(chance), {
            size,
            fill: onto,
            font,
            anchor: "middle",
            weight: chance.pick([200, 400, 500, 700]),
          }),
        );
      x += wide + chance.int(4, 14);
    }
    y += tall + chance.int(4, 14);
  }
  return parts.join("");
};
