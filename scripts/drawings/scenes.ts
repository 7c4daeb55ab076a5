import type { Chance } from "./chance.ts";
import type { Palette } from "./palette.ts";
import { family, monospaced, text, word, words } from "./words.ts";

/** Draws on a rectangle whose corner is 0, 0, as elements of SVG. */
export type Scene = (chance: Chance, palette: Palette, width: number, height: number) => string;

const rect = (x: number, y: number, width: number, height: number, fill: string, more = "") =>
  `<rect x="${x}" y="${y}" width="${Math.max(0, width)}" height="${Math.max(0, height)}" fill="${fill}" ${more}/>`;

/** Along pixels: a line of odd width lies in their middle. */
const rule = (x1: number, y1: number, x2: number, y2: number, stroke: string, width = 1, more = "") => {
  const shift = width % 2 === 1 ? 0.5 : 0;
  return `<path d="M${x1 + shift} ${y1 + shift}L${x2 + shift} ${y2 + shift}" stroke="${stroke}" stroke-width="${width}" fill="none" ${more}/>`;
};

export const article: Scene = (chance, { ink, faint, accents, rule: line }, width, height) => {
  const font = family(chance);
  const size = chance.pick([9, 10, 11, 12, 13, 13, 14, 14, 15, 16, 16, 18, 20, 24]);
  const leading = Math.round(size * chance.real(1.15, 1.7));
  const perLine = Math.ceil(width / (size * 2.6));
  const parts: string[] = [];
  for (let y = leading + 2; y < height; y += leading) {
    if (chance.holds(0.1)) {
      const large = Math.round(size * chance.real(1.2, 2.6));
      y += large;
      const fill = chance.pick([ink, accents[0]]);
      parts.push(text(4, y, words(chance, 4), { size: large, fill, font, weight: chance.pick([300, 600, 700]) }));
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
          weight: chance.holds(0.1) ? 700 : 400,
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

const icon = (chance: Chance, x: number, y: number, size: number, colour: string) => {
  const paint = chance.holds(0.4)
    ? `fill="${colour}"`
    : `fill="none" stroke="${colour}" stroke-width="${chance.pick([1, 1.5, 2, 2.5, 3])}"`;
  return `<path transform="translate(${x} ${y}) scale(${size / 24})" d="${chance.pick(icons)}" ${paint}/>`;
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
            weight: chance.pick([400, 500, 700]),
          }),
        );
      x += wide + chance.int(4, 14);
    }
    y += tall + chance.int(4, 14);
  }
  return parts.join("");
};

export const chart: Scene = (chance, { ink, rule: line, faint, accents }, width, height) => {
  const font = family(chance);
  const [left, bottom] = [34, height - 20];
  const parts: string[] = [];
  const size = chance.pick([9, 10, 11, 12]);
  for (let y = 10; y < bottom; y += 28) {
    parts.push(rule(left, y, width - 6, y, line, 1, chance.holds(0.3) ? 'stroke-dasharray="3 3"' : ""));
    parts.push(text(left - 4, y + 4, String(bottom - y), { size, fill: faint, font, anchor: "end" }));
  }
  const step = chance.int(6, 34);
  const kind = chance.int(0, 4);
  const count = Math.floor((width - left - 10) / step);
  const series = chance.int(1, 4);
  for (let s = 0; s < series; s++) {
    const colour = accents[s] ?? ink;
    let level = chance.real(0.2, 0.8);
    const heights = chance.times(count, () => {
      level = Math.min(1, Math.max(0, level + chance.real(-0.15, 0.15)));
      return bottom - level * (bottom - 14);
    });
    const points = heights.map((y, i) => `${left + (i + 0.5) * step} ${y.toFixed(2)}`);
    if (kind === 0) {
      const wide = Math.max(1, Math.floor((step - 3) / series));
      parts.push(
        ...heights.map((y, i) =>
          rect(left + i * step + 2 + s * wide, Math.round(y), wide, bottom - Math.round(y), colour),
        ),
      );
    } else if (kind === 1) {
      parts.push(
        ...points.map(
          (p) =>
            `<circle cx="${p.split(" ")[0]}" cy="${p.split(" ")[1]}" r="${chance.real(1, 5).toFixed(1)}" fill="${colour}" fill-opacity="${chance.pick([1, 0.6])}"/>`,
        ),
      );
    } else {
      const more = chance.holds(0.25) ? 'stroke-dasharray="5 3"' : "";
      parts.push(
        `<path d="M${points.join("L")}" fill="none" stroke="${colour}" stroke-width="${chance.pick([1, 1.5, 2, 2, 3, 4])}" ${more}/>`,
      );
      if (kind === 3)
        parts.push(`<path d="M${left} ${bottom}L${points.join("L")}V${bottom}z" fill="${colour}" fill-opacity="0.3"/>`);
    }
  }
  parts.push(rule(left, 6, left, bottom, ink), rule(left, bottom, width - 4, bottom, ink));
  parts.push(
    ...chance.times(Math.floor(width / 60), (i) =>
      text(left + 30 + 60 * i, height - 7, word(chance), { size, fill: ink, font, anchor: "middle" }),
    ),
  );
  if (kind === 4) parts.push(pie(chance, accents, width * 0.7, height * 0.4, Math.min(width, height) * 0.3));
  return parts.join("");
};

function pie(chance: Chance, accents: readonly string[], x: number, y: number, radius: number): string {
  let angle = 0;
  const at = () => `${(x + radius * Math.cos(angle)).toFixed(2)} ${(y + radius * Math.sin(angle)).toFixed(2)}`;
  return accents
    .map((fill) => {
      const from = at();
      angle += chance.real(0.5, 1.2);
      return `<path d="M${x} ${y}L${from}A${radius} ${radius} 0 0 1 ${at()}z" fill="${fill}" stroke="#fff"/>`;
    })
    .join("");
}

/** Polygons, discs, curves and large letters, one over the other. */
export const shapes: Scene = (chance, { ink, paper, accents }, width, height) => {
  const point = () => `${chance.real(-20, width + 20).toFixed(1)} ${chance.real(-20, height + 20).toFixed(1)}`;
  const font = family(chance);
  return chance
    .times(chance.int(8, 26), () => {
      const colour = chance.pick([ink, paper, ...accents]);
      const paint = chance.holds(0.55)
        ? `fill="${colour}"`
        : `fill="none" stroke="${colour}" stroke-width="${chance.pick([1, 1, 2, 3, 5, 9])}"`;
      const [x, y, r] = [chance.int(0, width), chance.int(0, height), chance.int(3, 60)];
      switch (chance.int(0, 6)) {
        case 0:
          return `<circle cx="${x}" cy="${y}" r="${r}" ${paint}/>`;
        case 1:
          return `<path d="M${chance.times(chance.int(3, 6), point).join("L")}z" ${paint}/>`;
        case 2:
          return `<path d="M${point()}C${point()} ${point()} ${point()}S${point()} ${point()}" ${paint}/>`;
        case 3:
          return `<rect x="${x}" y="${y}" width="${2 * r}" height="${r}" rx="${chance.pick([0, 0, 4, 10])}" transform="rotate(${chance.pick([0, 0, 30, 45, 12])} ${x} ${y})" ${paint}/>`;
        case 4:
          return `<g transform="rotate(${chance.int(-90, 90)} ${x} ${y})">${text(x, y, word(chance), { size: chance.int(16, 90), fill: colour, font, weight: chance.pick([400, 700, 900]) })}</g>`;
        case 5:
          return chance.times(chance.int(3, 9), (i) => rect(x + i * (r >> 2) * 2, y, r >> 2, r * 2, colour)).join("");
        default:
          return icon(chance, x, y, chance.int(16, 120), colour);
      }
    })
    .join("");
};

/** Streets, water and names. */
export const map: Scene = (chance, { ink, faint, rule: line, accents }, width, height) => {
  const font = family(chance);
  const walk = (steps: number, reach: number) => {
    let [x, y] = [chance.real(0, width), chance.real(0, height)];
    return chance.times(steps, () => {
      x += chance.real(-reach, reach);
      y += chance.real(-reach, reach);
      return `${x.toFixed(1)} ${y.toFixed(1)}`;
    });
  };
  const areas = chance.times(
    6,
    () => `<path d="M${walk(6, 70).join("L")}z" fill="${chance.pick(accents)}" fill-opacity="0.35"/>`,
  );
  const streets = chance.times(24, () => {
    const d = `M${walk(4, 120).join("L")}`;
    const wide = chance.pick([1, 1, 2, 4, 6]);
    const casing = wide > 2 ? `<path d="${d}" fill="none" stroke="${faint}" stroke-width="${wide + 2}"/>` : "";
    return `${casing}<path d="${d}" fill="none" stroke="${chance.pick([line, "#fff", faint, ...accents])}" stroke-width="${wide}"/>`;
  });
  const names = chance.times(12, () => {
    const halo = chance.holds(0.6) ? 'stroke="#fff" stroke-width="3" paint-order="stroke"' : "";
    return text(chance.int(0, width), chance.int(10, height), words(chance, chance.int(1, 2)), {
      size: chance.int(9, 14),
      fill: ink,
      font,
      more: halo,
    });
  });
  return [...areas, ...streets, ...names].join("");
};

/** Squares of whole pixels, mirrored as figures of games are. */
export const sprites: Scene = (chance, { ink, accents }, width, height) => {
  const parts: string[] = [];
  for (let y = 4; y < height - 8; y += 36) {
    for (let x = 4; x < width - 8; x += 36) {
      const unit = chance.pick([1, 2, 2, 3, 4]);
      const half = Math.floor(16 / unit);
      const colours = [ink, ...accents.slice(0, chance.int(1, 4))] as [string, ...string[]];
      for (let row = 0; row < 2 * half; row++) {
        for (let column = 0; column < half; column++) {
          if (chance.holds(0.45)) continue;
          const fill = chance.pick(colours);
          for (const side of [column, 2 * half - 1 - column])
            parts.push(rect(x + side * unit, y + row * unit, unit, unit, fill));
        }
      }
    }
  }
  return parts.join("");
};
