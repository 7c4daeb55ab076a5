import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import sharp, { type Sharp } from "sharp";
import { isOpaque, splitAlpha } from "../src/core/alpha.ts";
import type { Rgb, Rgba } from "../src/core/image.ts";
import { type Raster, resize } from "../src/core/resample.ts";
import { drawChart } from "./samples/chart.ts";
import { drawHarbour } from "./samples/harbour.ts";
import { drawLandscape } from "./samples/landscape.ts";
import { drawLogo } from "./samples/logo.ts";
import { drawMap } from "./samples/map.ts";
import { drawScene } from "./samples/scene.ts";
import { drawScreen } from "./samples/screen.ts";
import { drawText } from "./samples/text.ts";
import { drawTiles } from "./samples/tiles.ts";

/** Samples are drawn at this many times their size, so that there is a truth for x2 and x4. */
const MASTER = 4;

/** Samples that are drawn anew at each size instead, as a program would. */
const NATIVE = ["chart.png", "screen.png"];

const SAMPLES: Readonly<Record<string, (factor: number) => Rgb | Promise<Rgb | Rgba>>> = {
  "chart.png": drawChart,
  "screen.png": drawScreen,
  "scene.png": (factor) => drawScene(factor * 208, factor * 156, 6),
  "landscape.jpg": (factor) => drawLandscape(factor * 256, factor * 160, 2),
  "text.png": drawText,
  "lines.png": drawMap,
  "logo.png": drawLogo,
  "harbour.webp": drawHarbour,
  "tiles.avif": drawTiles,
};

/** A palette of 256 colours takes a third of the bytes here and cannot be told from the full picture. */
const PALETTE = "lines.png";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { truth: { type: "string" } } });
const folder = fileURLToPath(new URL("../src/web/samples", import.meta.url));

for (const name of positionals.length > 0 ? positionals : Object.keys(SAMPLES)) {
  const draw = SAMPLES[name];
  if (draw === undefined) throw new Error(`Expected one of ${Object.keys(SAMPLES).join(", ")}, got ${name}`);
  const master = opaque(await draw(MASTER));
  const at = async (factor: number) =>
    NATIVE.includes(name) ? opaque(await draw(factor)) : await shrink(master, MASTER / factor);
  const bytes = await write(join(folder, name), await at(1), name === PALETTE);
  console.log(`${name}: ${master.width / MASTER}x${master.height / MASTER}, ${bytes} bytes`);
  if (values.truth === undefined) continue;
  const truth = name.replace(/\.\w+$/, ".png");
  await write(join(values.truth, "x2", truth), await at(2));
  await write(join(values.truth, "x4", truth), master);
}

/** Drops an alpha channel that is opaque everywhere. */
function opaque(picture: Rgb | Rgba): Raster {
  return channelsOf(picture) === 4 && isOpaque(picture) ? splitAlpha(picture).rgb : picture;
}

/** Shrinks by the bicubic filter that the network was trained to undo, with colours weighted by alpha. */
async function shrink(master: Raster, factor: number): Promise<Raster> {
  const size = { width: master.width / factor, height: master.height / factor };
  if (channelsOf(master) === 3) return resize(master, size);
  const picture = raw(master)
    .resize({ ...size, kernel: "cubic" })
    .raw();
  return { ...size, data: new Uint8ClampedArray(await picture.toBuffer()) };
}

/** @returns the size in bytes. */
async function write(path: string, picture: Raster, palette = false): Promise<number> {
  await mkdir(dirname(path), { recursive: true });
  const { size } = await raw(picture)
    .png({ compressionLevel: 9, adaptiveFiltering: !palette, palette, dither: 0, effort: 10, force: false })
    .jpeg({ quality: 92, chromaSubsampling: "4:4:4", force: false })
    .webp({ quality: 92, smartSubsample: true, force: false })
    .avif({ quality: 72, chromaSubsampling: "4:4:4", force: false })
    .toFile(path);
  return size;
}

function raw(picture: Raster): Sharp {
  const { width, height, data } = picture;
  return sharp(data, { raw: { width, height, channels: channelsOf(picture) } });
}

function channelsOf({ width, height, data }: Raster): 3 | 4 {
  return data.length === 4 * width * height ? 4 : 3;
}
