import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Miniflare } from "miniflare";
import { hasChromium, startBrowser } from "../browser/chromium.ts";
import { buildWorker, startBuilt } from "../miniflare.ts";
import { profile } from "./profile.ts";

/**
 * `npm run -s bench [-- --json] [--rounds N]` measures our engine and ONNX Runtime Web in workerd, in turn in one run, so that
 * a busy or slow machine affects both. It reports medians; the ratio is taken round by round.
 */
const CONFIG = "test/bench/wrangler.toml";

/** Side of the largest tile that ONNX Runtime's heap allows at the edge; the time per pixel is the same for any size. */
const ORT_TILE = 64;

/** Multiply-adds per input pixel: those of a 1280x720 output (NETWORK table) divided by its input pixels. */
const MACS = { 2: 164e9 / (640 * 360), 3: 75e9 / (1280 / 3) / 240, 4: 49e9 / (320 * 180) } as const;

const CASES = [
  { scale: 2, sides: [64, 128, 256, 512] },
  { scale: 3, sides: [64, 128, 256] },
  { scale: 4, sides: [64, 128, 256] },
] as const;

interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

const { values } = parseArgs({ options: { json: { type: "boolean" }, rounds: { type: "string", default: "5" } } });
const rounds = Number(values.rounds);
const results: Row[] = [];
const folder = await mkdtemp(join(tmpdir(), "ssiu-bench-"));
try {
  await buildWorker(folder, { config: CONFIG });
  await measureFirstCall();
  const worker = await startBuilt(folder, { config: CONFIG });
  for (const { scale, sides } of CASES) for (const side of sides) await measure(worker, scale, side);
  await measureGround(worker);
  await worker.dispose();
} finally {
  await rm(folder, { recursive: true });
}
if (hasChromium) await measureBrowser();
add("edge/module-bytes", (await stat("src/engine/kernels/build/ssiu-relaxed.wasm")).size, "B");
const { shares, heapBytes } = await profile();
add("edge/heap-bytes", heapBytes, "B");
for (const { op, share } of shares) add(`ops/x2/128/${op}`, share, "share");

if (values.json) console.log(JSON.stringify({ results }));
else {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  const flags = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  console.log(`${cpus()[0]?.model}, AVX-VNNI: ${/\bavx_vnni\b/.test(flags) ? "yes" : "no"}, commit ${commit}\n`);
  console.log("| what | value | unit |\n|---|---|---|");
  for (const { name, value, unit } of results) console.log(`| ${name} | ${value.toPrecision(3)} | ${unit} |`);
}

async function measure(worker: Miniflare, scale: 2 | 3 | 4, side: number): Promise<void> {
  const us = async (engine: string, edge: number, tile?: number) =>
    (1000 * (await time(worker, { engine, scale, side: edge, ...(tile && { tile }) }))) / edge ** 2;
  const [simd, ort, ratios]: number[][] = [[], [], []];
  for (let round = -1; round < rounds; round++) {
    const [a, b] = [await us("simd", side), await us("ort", ORT_TILE, ORT_TILE)];
    if (round < 0) continue;
    simd?.push(a);
    ort?.push(b);
    ratios?.push(a / b);
  }
  const at = `edge/x${scale}/${side}`;
  add(`${at}/simd`, median(simd), "us/px");
  add(`${at}/ort`, median(ort), "us/px");
  add(`${at}/simd-over-ort`, median(ratios), "ratio");
  add(`${at}/simd-gmacs`, MACS[scale] / median(simd) / 1000, "GMAC/s");
}

/** Compares a picture that is half subject and half plain ground with one that is all subject. */
async function measureGround(worker: Miniflare): Promise<void> {
  const [scale, side] = [2, 512];
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const half = await time(worker, { engine: "simd", scale, side, subject: 362 });
    ratios.push(half / (await time(worker, { engine: "simd", scale, side })));
  }
  add(`edge/x${scale}/${side}/half-plain-over-whole`, median(ratios), "ratio");
}

/** Measures how much longer the first picture of a fresh isolate takes than the next. */
async function measureFirstCall(): Promise<void> {
  const extra: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const worker = await startBuilt(folder, { config: CONFIG });
    const query = { engine: "simd", scale: 2, side: 64 } as const;
    const first = await time(worker, query);
    const next = [await time(worker, query), await time(worker, query), await time(worker, query)];
    extra.push(first - median(next));
    await worker.dispose();
  }
  add("edge/x2/64/first-call-over-warm", median(extra), "ms");
}

/** Measures the same engine in a visitor's browser. */
async function measureBrowser(): Promise<void> {
  const browser = await startBrowser();
  const data = Uint8ClampedArray.from({ length: 3 * 128 * 128 }, (_, i) => 128 + 90 * Math.sin(i / 40) + (i % 7));
  const times: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const { ms } = await browser.upscale({ width: 128, height: 128, data }, 2);
    if (round >= 0) times.push((1000 * ms) / 128 ** 2);
  }
  await browser.stop();
  add("chromium/x2/128/simd", median(times), "us/px");
}

async function time(worker: Miniflare, query: Readonly<Record<string, string | number>>): Promise<number> {
  const search = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, `${value}`]));
  const response = await worker.dispatchFetch(`http://localhost/time?${search}`);
  if (!response.ok) throw new Error(await response.text());
  const body: unknown = await response.json();
  if (typeof body !== "object" || body === null || !("ms" in body)) throw new TypeError("Expected a time");
  return Number(body.ms);
}

function add(name: string, value: number, unit: string): void {
  results.push({ name, value, unit });
}

function median(values: readonly number[] = []): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
