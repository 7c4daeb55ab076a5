import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { drawing } from "./drawings/drawing.ts";

/** Has Chromium draw pages, charts and icons for screens of 1, 2, 3 and 4 times the density: OUT/X1/0001.png, OUT/X2/0001.png ... */
const FACTORS = [1, 2, 3, 4];
const SIZE = { width: 400, height: 300 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: "string", default: "400" }, seed: { type: "string", default: "1" } },
});
const [out] = positionals;
if (out === undefined) throw new Error("Expected a folder for OUT, got nothing");
const [count, seed] = [Number(values.count), Number(values.seed)];
if (!(count > 0) || !(seed >= 0))
  throw new Error(`Expected numbers for --count and --seed, got ${values.count}, ${values.seed}`);

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
for (const factor of FACTORS) {
  const folder = join(out, `X${factor}`);
  await mkdir(folder, { recursive: true });
  const page = await browser.newPage({ viewport: SIZE, deviceScaleFactor: factor });
  for (let i = 1; i <= count; i++) {
    const svg = drawing(100_000 * seed + i, SIZE.width, SIZE.height);
    await page.setContent(`<body style="margin:0">${svg}</body>`);
    await page.screenshot({ path: join(folder, `${String(i).padStart(4, "0")}.png`) });
  }
  await page.close();
}
await browser.close();
