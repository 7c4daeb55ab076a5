import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium, type Page } from "playwright-core";
import sharp from "sharp";
import { drawing } from "./drawings/drawing.ts";
import type { Photograph } from "./drawings/gallery.ts";

/**
 * Has Chromium draw pages, charts and icons for screens of 1, 2, 3 and 4 times the density: OUT/X1/0001.png, OUT/X2/0001.png ...
 * With --photos FOLDER, some of the drawings show photographs.
 */
const FACTORS = [1, 2, 3, 4];
const SIZE = { width: 400, height: 300 };
/** Every third drawing has letters with coloured fringes at X1, as most screens of that density show them. */
const FRINGED = 3;
const FONTS = `<?xml version="1.0"?><fontconfig><include>/etc/fonts/fonts.conf</include>
<match target="font"><edit name="rgba" mode="assign"><const>rgb</const></edit></match>
<match target="pattern"><edit name="rgba" mode="assign"><const>rgb</const></edit></match></fontconfig>`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: "string", default: "400" },
    seed: { type: "string", default: "1" },
    photos: { type: "string" },
  },
});
const [out] = positionals;
if (out === undefined) throw new Error("Expected a folder for OUT, got nothing");
const [count, seed] = [Number(values.count), Number(values.seed)];
if (!(count > 0) || !(seed >= 0))
  throw new Error(`Expected numbers for --count and --seed, got ${values.count}, ${values.seed}`);

const photographs = values.photos === undefined ? [] : await readPhotographs(values.photos);
const settings = await mkdtemp(join(tmpdir(), "fonts-"));
await writeFile(join(settings, "fonts.conf"), FONTS);
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const browsers = await Promise.all(
  [{}, { FONTCONFIG_FILE: join(settings, "fonts.conf") }].map((environment) =>
    chromium.launch({ executablePath, args: ["--no-sandbox"], env: { ...process.env, ...environment } }),
  ),
);
for (const factor of FACTORS) {
  const folder = join(out, `X${factor}`);
  await mkdir(folder, { recursive: true });
  const pages = browsers.map((browser) => browser.newPage({ viewport: SIZE, deviceScaleFactor: factor }));
  const [plain, fringed] = (await Promise.all(pages)) as [Page, Page];
  for (let i = 1; i <= count; i++) {
    const page = factor === 1 && i % FRINGED === 0 ? fringed : plain;
    const svg = drawing(100_000 * seed + i, SIZE.width, SIZE.height, photographs);
    await page.setContent(`<body style="margin:0">${svg}</body>`);
    await page.screenshot({ path: join(folder, `${String(i).padStart(4, "0")}.png`) });
  }
  await Promise.all([plain.close(), fringed.close()]);
}
await Promise.all(browsers.map((browser) => browser.close()));
await rm(settings, { recursive: true });

async function readPhotographs(folder: string): Promise<Photograph[]> {
  const names = (await readdir(folder)).filter((name) => /\.(png|jpe?g|webp)$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const file = await readFile(join(folder, name));
      const { format, width, height } = await sharp(file).metadata();
      return { href: `data:image/${format};base64,${file.toString("base64")}`, width, height };
    }),
  );
}
