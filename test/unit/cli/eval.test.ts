import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { psnr, ssim } from "../../../src/core/metrics.ts";
import { resize } from "../../../src/core/resample.ts";
import { ssiu, ssiuWith } from "./ssiu.ts";

const SCALE = 2;
let data: string;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "ssiu-eval-"));
  await makeSet("Ours", "LR_X2", (stem) => `${stem}.png`);
  await makeSet("benchmark/Seed", "LR_bicubic/X2", (stem) => `${stem}x2.png`, [0, 0]);
  await writeFile(join(data, "benchmark/Seed/HR/SOURCES.md"), "");
  await makeSet("Narrow", "LR_X2", (stem) => `${stem}.png`, [-1, 0]);
  await makeSet("Low", "LR_X2", (stem) => `${stem}.png`, [0, -1]);
  await makeSet("Broken", "LR_X2", (stem) => `${stem === "b" ? "c" : stem}.png`);
});

afterAll(async () => {
  await rm(data, { recursive: true });
});

/** Writes two pictures of hard-edged rings. The truth exceeds scale times LR by `more`, by default as for odd sides. */
async function makeSet(
  folder: string,
  lrFolder: string,
  lrName: (stem: string) => string,
  more = [1, 1],
): Promise<void> {
  const [right = 0, below = 0] = more;
  for (const [stem, pitch] of [
    ["a", 2.5],
    ["b", 4],
  ] as const) {
    const [width, height] = [40, 32];
    const hr = rings(width + right, height + below, pitch);
    const lr = resize(rings(width, height, pitch), { width: width / SCALE, height: height / SCALE });
    await save(join(data, folder, "HR", `${stem}.png`), hr);
    await save(join(data, folder, lrFolder, lrName(stem)), lr);
  }
}

function rings(width: number, height: number, pitch: number) {
  const values = Array.from({ length: 3 * width * height }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const wave = Math.sin(Math.hypot(pixel % width, Math.floor(pixel / width)) / pitch);
    return 128 + 100 * Math.max(-1, Math.min(1, 6 * wave));
  });
  return { width, height, data: Uint8ClampedArray.from(values) };
}

async function save(path: string, image: { width: number; height: number; data: Uint8ClampedArray }): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const { width, height } = image;
  await sharp(image.data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(path);
}

async function read(path: string) {
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8ClampedArray(data) };
}

test("scores both layouts, each image and the mean, bicubic beside them", async () => {
  const { code, stdout, stderr } = await ssiu("eval", "--data", data, "--sets", "Ours,Seed", "--scale", "2", "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const result = JSON.parse(stdout);
  const number = expect.any(Number);
  const score = { psnr: number, ssim: number, bicubicPsnr: number, bicubicSsim: number };
  const perImage = [
    { name: "a", ...score },
    { name: "b", ...score },
  ];
  const set = { ...score, images: 2, perImage };
  const model = expect.stringMatching(/^ssiu-x2-[0-9a-f]{8}$/);
  expect(result).toEqual({ scale: 2, model, engine: "simd", sets: { Ours: set, Seed: set } });

  const { Ours, Seed } = result.sets;
  expect(Seed).toEqual(Ours);
  for (const name of Object.keys(score)) {
    expect(Ours[name], name).toBeCloseTo((Ours.perImage[0][name] + Ours.perImage[1][name]) / 2, 9);
  }
  expect(Ours.psnr).toBeGreaterThan(Ours.bicubicPsnr + 1);
  expect(Ours.ssim).toBeGreaterThan(Ours.bicubicSsim + 0.01);
});

test("says of a picture that equals the truth, and of a mean with it, that its PSNR is infinite", async () => {
  await makeSet("Equal", "LR_X2", (stem) => `${stem}.png`);
  const flat = (width: number, height: number) => ({ width, height, data: new Uint8ClampedArray(3 * width * height) });
  await save(join(data, "Equal/HR/a.png"), flat(40, 32));
  await save(join(data, "Equal/LR_X2/a.png"), flat(20, 16));
  const { stdout } = await ssiu("eval", "--data", data, "--sets", "Equal", "--scale", "2", "--json");
  const [a, b] = [{ bicubicPsnr: "Infinity", bicubicSsim: 1 }, { bicubicPsnr: expect.any(Number) }];
  expect(JSON.parse(stdout).sets.Equal).toMatchObject({ bicubicPsnr: "Infinity", perImage: [a, b] });
});

test("the WebAssembly engine agrees with the native one to 0.01 dB", async () => {
  const run = async (engine: string) =>
    JSON.parse(
      (await ssiu("eval", "--data", data, "--sets", "Ours", "--scale", "2", "--engine", engine, "--json")).stdout,
    );
  const [native, web] = [await run("ort"), await run("ort-web")];
  expect(web.engine).toBe("ort-web");
  expect(Math.abs(web.sets.Ours.psnr - native.sets.Ours.psnr)).toBeLessThan(0.01);
});

test("measures the model for compressed pictures where it is asked to", async () => {
  const args = ["--data", data, "--sets", "Ours", "--scale", "2", "--model", "web"];
  const { model, sets } = JSON.parse((await ssiu("eval", ...args, "--json")).stdout);
  expect(model).toMatch(/^ssiu-x2-web-[0-9a-f]{8}$/);
  const clean = JSON.parse((await ssiu("eval", ...args.slice(0, -2), "--json")).stdout);
  expect(sets.Ours.psnr).not.toBeCloseTo(clean.sets.Ours.psnr, 2);
  expect((await ssiu("eval", ...args)).stdout).toMatch(/^Ours x2-web, simd /);
});

test("measures what is stored as JPEG first", async () => {
  const args = ["eval", "--data", data, "--sets", "Ours", "--scale", "2", "--model", "web"];
  const { sets } = JSON.parse((await ssiu(...args, "--json")).stdout);
  const stored = JSON.parse((await ssiu(...args, "--jpeg", "30", "--json")).stdout);
  expect(stored).toMatchObject({ jpeg: 30, engine: "simd" });
  expect(stored.sets.Ours.bicubicPsnr).toBeLessThan(sets.Ours.bicubicPsnr - 0.2);
  expect(stored.sets.Ours.psnr).toBeLessThan(sets.Ours.psnr - 0.5);
  expect(stored.sets.Ours.psnr).toBeGreaterThan(stored.sets.Ours.bicubicPsnr);
  expect((await ssiu(...args, "--jpeg", "30")).stdout).toMatch(/^Ours, JPEG 30 x2-web, simd /);
});

test("takes the benchmark folder itself, prints a table and saves the pictures", async () => {
  const out = join(data, "out");
  const env = { NODE_OPTIONS: "--import data:text/javascript,process.stderr.isTTY=true" };
  const { code, stdout, stderr } = await ssiuWith(
    env,
    ...["eval", "--data", join(data, "benchmark"), "--sets", "Seed", "--scale", "2", "--out", out],
  );
  expect([code, stderr]).toEqual([0, expect.stringMatching(/100% \| 2\/2 pictures .*\[2K$/)]);
  expect(stdout.split("\n").map((line) => line.split(/\s{2,}/)[0])).toEqual([
    "Seed x2, simd",
    "a",
    "b",
    "mean of 2",
    "",
  ]);
  const [saved, truth, lr] = await Promise.all([
    read(join(out, "Seed/ax2.png")),
    read(join(data, "benchmark/Seed/HR/a.png")),
    read(join(data, "benchmark/Seed/LR_bicubic/X2/ax2.png")),
  ]);
  const scores = [saved, resize(lr, truth)].flatMap((image) => [
    psnr(image, truth, SCALE).toFixed(3),
    ssim(image, truth, SCALE).toFixed(4),
  ]);
  expect(stdout.split("\n")[1]?.split(/\s+/)).toEqual(["a", ...scores]);
  expect(await readdir(join(out, "Seed"))).toEqual(["ax2.png", "bx2.png"]);
  expect(await sharp(join(out, "Seed/ax2.png")).metadata()).toMatchObject({ width: 40, height: 32 });
});

test.each([
  [1, "Set5", "2", /^error: Expected a folder with Set5\/HR\/\*\.png or benchmark\/Set5\/HR\/\*\.png for --data, got /],
  [1, "Broken", "2", /^error: Expected LR_X2\/b\.png beside HR\/b\.png for the set, got /],
  [
    1,
    "Ours",
    "3",
    /^error: Expected a folder with LR_X3\/<name>\.png or LR_bicubic\/X3\/<name>x3\.png for the set, got /,
  ],
  [1, "Narrow", "2", /^error: Expected at least 40x32 for .*Narrow\/HR\/a\.png, got 39x32$/m],
  [1, "Low", "2", /^error: Expected at least 40x32 for .*Low\/HR\/a\.png, got 40x31$/m],
  [2, "Ours,,Seed", "2", /^error: Expected names with commas between for --sets, got "Ours,,Seed"/],
  [2, ",Ours", "2", /^error: Expected names with commas between for --sets/],
  [2, "../Ours", "2", /^error: Expected names with commas between for --sets/],
])("exits %d for the sets %s at x%s, with one line", async (expected, sets, scale, message) => {
  const { code, stdout, stderr } = await ssiu("eval", "--data", data, "--sets", sets, "--scale", scale);
  expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
});

test.each<[string, string, string]>([
  ["below a file", "Ours/HR/a.png/out", "ENOTDIR"],
  ["where a file is in the way of a set's", "Ours/HR", "ENOTDIR"],
  ...(process.platform === "linux"
    ? [["where Node would try for ever", "/proc/ssiu", "ENOENT"] as [string, string, string]]
    : []),
])("says before anything is measured that --out cannot be made: %s", async (_, out, code) => {
  await writeFile(join(data, "Ours/HR/Narrow"), "");
  const folder = resolve(data, out);
  const said = await ssiu("eval", "--data", data, "--sets", "Narrow", "--scale", "2", "--out", folder);
  const message = `error: Expected a place that can be written to for the result, got "${folder}/Narrow": ${code}: `;
  expect(said).toEqual({ code: 1, stdout: "", stderr: expect.stringContaining(message) });
  expect(said.stderr.trimEnd().split("\n")).toHaveLength(1);
});

test("refuses a quality that JPEG does not have", async () => {
  const { code, stderr } = await ssiu("eval", "--data", data, "--sets", "Ours", "--scale", "2", "--jpeg", "0");
  expect([code, stderr]).toEqual([2, 'error: Expected 1 to 100 for --jpeg, got "0"\n']);
});
