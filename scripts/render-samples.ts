import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { bleedColours, joinAlpha, splitAlpha } from "../src/core/alpha.ts";
import type { Rgb, Rgba } from "../src/core/image.ts";
import { type Raster, resize } from "../src/core/resample.ts";
import { drawHarbour } from "./samples/harbour.ts";
import { drawLandscape } from "./samples/landscape.ts";
import { drawLogo } from "./samples/logo.ts";
import { drawMap } from "./samples/map.ts";
import { drawScene } from "./samples/scene.ts";
import { drawText } from "./samples/text.ts";
import { drawTiles } from "./samples/tiles.ts";

/** Everything is drawn at this many times a sample's size, so that the truth for x2 and x4 exists. */
const MASTER = 4;

const SAMPLES: Readonly<Record<string, () => Rgb | Promise<Rgb | Rgba>>> = {
  "scene.png": () => drawScene(MASTER * 208, MASTER * 156, 6),
  "landscape.jpg": () => drawLandscape(MASTER * 256, MASTER * 160, 2),
  "text.png": () => drawText(MASTER),
  "lines.png": () => drawMap(MASTER),
  "logo.png": () => drawLogo(MASTER),
  "harbour.webp": () => drawHarbour(MASTER),
  "tiles.avif": () => drawTiles(MASTER),
};

/** A palette of 256 colours takes a third of the bytes here and cannot be told from the full picture. */
const PALETTE = "lines.png";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { truth: { type: "string" } } });
const folder = fileURLToPath(new URL("../src/web/samples", import.meta.url));

for (const name of positionals.length > 0 ? positionals : Object.keys(SAMPLES)) {
  const draw = SAMPLES[name];
  if (draw === undefined) throw new Error(`Expected one of ${Object.keys(SAMPLES).join(", ")}, got ${name}`);
  const master = await draw();
  const bytes = await write(join(folder, name), shrink(master, MASTER), name === PALETTE);
  console.log(`${name}: ${master.width / MASTER}x${master.height / MASTER}, ${bytes} bytes`);
  if (values.truth === undefined) continue;
  const truth = name.replace(/\.\w+$/, ".png");
  await write(join(values.truth, "x2", truth), shrink(master, 2));
  await write(join(values.truth, "x4", truth), master);
}

/** By the bicubic filter that the network was trained to undo. */
function shrink(master: Rgb | Rgba, factor: number): Raster {
  const size = { width: master.width / factor, height: master.height / factor };
  if (master.data.length === 3 * master.width * master.height) return resize(master, size);
  const { rgb, alpha } = splitAlpha(master);
  return resize(joinAlpha(bleedColours(rgb, alpha), alpha), size);
}

/** An alpha channel that says nothing is not written. @returns the size in bytes. */
async function write(path: string, { width, height, data }: Raster, palette = false): Promise<number> {
  const channels = data.length / (width * height) === 4 ? 4 : 3;
  const raw = sharp(data, { raw: { width, height, channels } });
  const opaque = channels === 4 && data.every((value, i) => i % 4 !== 3 || value === 255) ? raw.removeAlpha() : raw;
  await mkdir(dirname(path), { recursive: true });
  const { size } = await opaque
    .png({ compressionLevel: 9, adaptiveFiltering: !palette, palette, dither: 0, effort: 10, force: false })
    .jpeg({ quality: 92, chromaSubsampling: "4:4:4", force: false })
    .webp({ quality: 92, smartSubsample: true, force: false })
    .avif({ quality: 72, chromaSubsampling: "4:4:4", force: false })
    .toFile(path);
  return size;
}
