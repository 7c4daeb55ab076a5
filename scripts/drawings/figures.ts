import type { Chance } from "./chance.ts";
import { BLURS, icon, rect, rule, type Scene } from "./marks.ts";
import { family, text, word, words } from "./words.ts";

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

/** Polygons, discs, curves and large letters, one over the other; some with soft edges, like transparency and shadows. */
export const shapes: Scene = (chance, { ink, paper, accents }, width, height) => {
  const point = () => `${chance.real(-20, width + 20).toFixed(1)} ${chance.real(-20, height + 20).toFixed(1)}`;
  const font = family(chance);
  const soften = (shape: string) => `<g filter="url(#blur-${chance.pick(BLURS)})">${shape}</g>`;
  return chance
    .times(chance.int(8, 26), () => {
      const shape = figure();
      return chance.holds(0.3) ? soften(shape) : shape;
    })
    .join("");

  function figure(): string {
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
  }
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

/** Squares of whole pixels, mirrored like figures in games. */
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
