import sharp from "sharp";
import type { Rgba } from "../../src/core/image.ts";
import { resize } from "../../src/core/resample.ts";
import { drawScene } from "./scene.ts";
import { rasterise } from "./svg.ts";
import { line } from "./typeface.ts";

const [WIDTH, HEIGHT] = [228, 180];
const PHOTOGRAPH = { width: 128, height: 96 };
/** The photograph is taken at this many times its size here. */
const MASTER = 4;
const [INK, FAINT, BLUE] = ["#1f2328", "#59636e", "#0969da"];
const ENTRIES = ["Folders", "Places", "Today", "Tags", "Bin"];

/** A window with letters, buttons and a photograph, as a screen of any density shows it. */
export async function drawScreen(factor: number): Promise<Rgba> {
  const text = (content: string, x: number, baseline: number, size: number, colour: string, weight = 1.4) =>
    line(content, { x, baseline, size, weight, colour });
  const entries = ENTRIES.map((name, i) => {
    const y = 42 + 19 * i;
    const box = `<rect x="9.5" y="${y - 7.5}" width="8" height="8" rx="2" fill="none" stroke="${FAINT}"/>`;
    const chosen = i === 2 ? `<rect x="4" y="${y - 12}" width="64" height="17" rx="4" fill="#dbe9f9"/>` : "";
    return chosen + box + text(name, 23, y, 5, i === 2 ? BLUE : INK);
  });
  return rasterise(
    WIDTH,
    HEIGHT,
    factor,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
    <path d="M0 0H${WIDTH}V22H0Z" fill="#24292f"/><path d="M0 22H72V${HEIGHT}H0Z" fill="#f6f8fa"/><path d="M72.5 22V${HEIGHT}" stroke="#d1d9e0"/>
    <g fill="none" stroke="#fff"><path d="M${WIDTH - 13} 8l6 6m0-6l-6 6M${WIDTH - 31} 14h7"/><circle cx="12" cy="11" r="4.5"/></g>
    ${text("Pictures of today", 24, 14, 5.6, "#f0f6fc")}
    ${entries.join("")}
    <image x="86" y="34" width="${PHOTOGRAPH.width}" height="${PHOTOGRAPH.height}" href="${await photograph(factor)}"/>
    ${text("Glass, metal and marble", 86, 143, 5, INK, 1.7)}
    ${text("208x156, 49 kB, taken at 16:32", 86, 154, 4, FAINT)}
    <rect x="86.5" y="160.5" width="46" height="14" rx="4" fill="${BLUE}" stroke="#0757b5"/>${text("Share", 96, 170, 4.6, "#fff")}
    <rect x="138.5" y="160.5" width="46" height="14" rx="4" fill="#f6f8fa" stroke="#d1d9e0"/>${text("Print", 150, 170, 4.6, INK)}`,
  );
}

async function photograph(factor: number): Promise<string> {
  const taken = drawScene(MASTER * PHOTOGRAPH.width, MASTER * PHOTOGRAPH.height, 6);
  const { width, height, data } = resize(taken, {
    width: factor * PHOTOGRAPH.width,
    height: factor * PHOTOGRAPH.height,
  });
  const file = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  return `data:image/png;base64,${file.toString("base64")}`;
}
