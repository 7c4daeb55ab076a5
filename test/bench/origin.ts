import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import * as ort from "onnxruntime-node";
import { splitAlpha } from "../../src/core/alpha.ts";
import type { Rgb } from "../../src/core/image.ts";
import { planTiles } from "../../src/core/tiles.ts";
import { readModel } from "../../src/engine/node-engines.ts";
import { toPlanes } from "../../src/engine/ort-engine.ts";
import { SIMD_TILING } from "../../src/engine/simd-engine.ts";
import { mirroredCut } from "../../src/engine/upscale.ts";
import { type EnginePool, openEngine } from "../../src/origin/engine-pool.ts";
import { offer, quantiles } from "../origin/load.ts";
import { startOrigin, type TestOrigin } from "../origin/origin.ts";
import { scene } from "../origin/pictures.ts";
import { clean } from "../unit/engine/clean.ts";

/**
 * `npm run -s bench:origin [-- --json] [--provider auto] [--rounds 3] [--full] [--overload 60]` measures the origin as its clients
 * see it, its engines, and bare ONNX Runtime on the same tiles, in turn in one run. `--full` takes hours without a GPU.
 */
const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
    provider: { type: "string", default: "auto" },
    rounds: { type: "string", default: "3" },
    overload: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const results: { readonly name: string; readonly value: number; readonly unit: string }[] = [];
const add = (name: string, value: number, unit: string) => results.push({ name, value, unit });

const SIDES = { "512": 512, "1mp": 1000, "4mp": 2000 } as const;
type Size = keyof typeof SIDES;

const NETWORK = { scale: 2, variant: "clean" } as const;

const TILE_SIDE = SIMD_TILING.size;

/** A size, and how many pictures of it are requested at the same time. */
const CASES: readonly (readonly [Size, number])[] = values.full
  ? (["512", "1mp", "4mp"] as const).flatMap((size) => [1, 4, 16].map((atATime) => [size, atATime] as const))
  : [
      ["512", 1],
      ["512", 4],
    ];

const origin = await startOrigin({ PROVIDER: values.provider, DEADLINE_MS: "3600000", QUEUE_TILES: "100000" });
const { provider } = (await (await origin.get("/readyz")).json()) as { provider: string };
await compareEngines();
await compareWithBare();
for (const [size, atATime] of CASES) await measure(size, atATime);
await origin.stop();
if (values.overload) await overload(Number(values.overload));
report();
process.exit(0);

/** Compares one thread per core, for ONNX Runtime and for our engine, with single ONNX Runtime runs on all cores. */
async function compareEngines(): Promise<void> {
  const options = { workers: availableParallelism(), batchTiles: 1, networks: [NETWORK] };
  const fail = (name: string, cause: unknown) => {
    throw new Error(`${name} does not work here`, { cause });
  };
  const pools = [
    await openEngine({ ...options, provider: "cpu" }, fail),
    await openEngine({ ...options, provider: "simd" }, fail),
  ];
  const bare = await bareSession();
  const tiles = cutTiles(await pixels(TILE_SIDE * options.workers, TILE_SIDE));
  const pixelCount = tiles.reduce((sum, { width, height }) => sum + width * height, 0);
  const contenders: readonly (readonly [string, () => Promise<void>])[] = [
    ...pools.map((pool) => [`${pool.provider}-thread-per-core`, () => runAll(pool, tiles)] as const),
    ["ort-all-cores", () => bare(tiles.map(tensor))],
  ];
  const [wall, core] = [new Map<string, number[]>(), new Map<string, number[]>()];
  for (let round = 0; round < 2 * rounds; round++) {
    for (const [name, run] of contenders) {
      const before = process.cpuUsage();
      const ms = await timed(run);
      const { user, system } = process.cpuUsage(before);
      wall.set(name, [...(wall.get(name) ?? []), (1000 * ms) / pixelCount]);
      core.set(name, [...(core.get(name) ?? []), (user + system) / pixelCount]);
    }
  }
  // Idle sessions would slow down the later measurements.
  await Promise.all(pools.map((pool) => pool.close()));
  for (const [name, us] of wall) add(`origin/tiles/x2/${name}`, quantiles(us).p50, "us/px");
  // CPU time says more than the clock on a machine that others use too.
  for (const [name, us] of core) add(`origin/tiles/x2/${name}/core-time`, quantiles(us).p50, "us/px");
}

/** Compares a whole request for a picture of 1 MP with nothing but the runs of the network. */
async function compareWithBare(): Promise<void> {
  const source = await scene(SIDES["1mp"], SIDES["1mp"]).jpeg({ quality: 90 }).toBuffer();
  const tensors = cutTiles(await pixels(SIDES["1mp"], SIDES["1mp"])).map(tensor);
  const bare = await bareSession();
  const [own, theirs, ratios]: number[][] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    const a = await timed(async () => (await answer(origin, source)).arrayBuffer());
    const b = await timed(() => bare(tensors));
    own?.push(a);
    theirs?.push(b);
    ratios?.push(a / b);
  }
  add(`origin/${provider}/x2/1mp`, quantiles(own ?? []).p50, "ms");
  add("origin/bare-ort/x2/1mp", quantiles(theirs ?? []).p50, "ms");
  add(`origin/${provider}/x2/1mp-over-bare-ort`, quantiles(ratios ?? []).p50, "ratio");
}

async function measure(size: Size, atATime: number): Promise<void> {
  const side = SIDES[size];
  const source = await scene(side, side).jpeg({ quality: 90 }).toBuffer();
  const each: number[] = [];
  const steps: Record<string, number> = {};
  const started = performance.now();
  const lane = async () => {
    for (let i = 0; i < rounds; i++) {
      const begun = performance.now();
      const response = await answer(origin, source);
      await response.arrayBuffer();
      each.push(performance.now() - begun);
      for (const [, step = "", ms] of (response.headers.get("server-timing") ?? "").matchAll(/(\w+);dur=([\d.]+)/g)) {
        steps[step] = (steps[step] ?? 0) + Number(ms);
      }
    }
  };
  await Promise.all(Array.from({ length: atATime }, lane));
  const seconds = (performance.now() - started) / 1000;
  const at = `origin/${provider}/x2/${size}/${atATime}`;
  add(`${at}/images`, each.length / seconds, "1/s");
  add(`${at}/pixels`, (each.length * side ** 2) / 1e6 / seconds, "MP/s");
  add(`${at}/p50`, quantiles(each).p50, "ms");
  add(`${at}/p99`, quantiles(each).p99, "ms");
  const total = Object.values(steps).reduce((sum, ms) => sum + ms, 0);
  for (const [step, ms] of Object.entries(steps)) add(`${at}/${step}`, ms / total, "share");
}

/** Offers four times the capacity for a while, with a deadline of ten pictures' time. */
async function overload(seconds: number): Promise<void> {
  const source = await scene(128, 128).png().toBuffer();
  const calm = await startOrigin({ PROVIDER: values.provider });
  const { good, seconds: spent } = await offer(calm, source, { perSecond: Infinity, seconds: 10, atATime: 8 });
  await calm.stop();
  const capacity = good / spent;
  const busy = await startOrigin({ PROVIDER: values.provider, DEADLINE_MS: `${Math.ceil(10_000 / capacity)}` });
  await offer(busy, source, { perSecond: Infinity, seconds: 5, atATime: 4 });
  const before = await busy.residentBytes();
  const load = await offer(busy, source, { perSecond: 4 * capacity, seconds });
  const started = performance.now();
  while (!(await busy.upscale("x2", source)).ok) await new Promise((resolve) => setTimeout(resolve, 50));
  add("origin/overload/capacity", capacity, "1/s");
  add("origin/overload/goodput", load.good / load.seconds / capacity, "ratio");
  add("origin/overload/refused-p50", load.refusedMs.p50, "ms");
  add("origin/overload/refused-p99", load.refusedMs.p99, "ms");
  add("origin/overload/late", load.late, "1");
  add("origin/overload/memory-growth", (await busy.residentBytes()) - before, "B");
  add("origin/overload/healthy-again", performance.now() - started, "ms");
  await busy.stop();
}

function report(): void {
  if (values.json) {
    console.log(JSON.stringify({ results }));
    return;
  }
  console.log(`${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.version}, provider ${provider}\n`);
  console.log("| what | value | unit |\n|---|---|---|");
  for (const { name, value, unit } of results) console.log(`| ${name} | ${value.toPrecision(3)} | ${unit} |`);
}

async function pixels(width: number, height: number): Promise<Rgb> {
  const { data } = await scene(width, height).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return splitAlpha({ width, height, data: new Uint8ClampedArray(data) }).rgb;
}

/** Cuts tiles as the origin does on a CPU. */
function cutTiles(image: Rgb): Rgb[] {
  return planTiles(image, SIMD_TILING).map((tile) => mirroredCut(image, tile));
}

function tensor(tile: Rgb): ort.Tensor {
  return new ort.Tensor("float32", toPlanes(tile), [1, 3, tile.height, tile.width]);
}

/** ONNX Runtime with its defaults: one session on all cores. */
async function bareSession(): Promise<(tensors: readonly ort.Tensor[]) => Promise<void>> {
  const session = await ort.InferenceSession.create(await readModel("onnx", clean(2)));
  return async (tensors) => {
    for (const lr of tensors) await session.run({ lr });
  };
}

async function runAll({ run }: EnginePool, tiles: readonly Rgb[]): Promise<void> {
  await Promise.all(tiles.map(({ data, ...size }) => run([{ ...size, data: data.slice() }], NETWORK)));
}

async function timed(step: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await step();
  return performance.now() - started;
}

async function answer(server: TestOrigin, source: Uint8Array): Promise<Response> {
  const response = await server.upscale("x2", source);
  if (!response.ok) throw new Error(await response.text());
  return response;
}
