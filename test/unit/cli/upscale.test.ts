import { constants } from "node:buffer";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { buffer, text } from "node:stream/consumers";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ENGINES } from "../../../src/engine/node-engines.ts";
import { upscaleRgba } from "../../../src/engine/upscale-rgba.ts";
import { clean } from "../engine/clean.ts";
import { pixels } from "../pixels.ts";
import { PROGRAM, ssiu, ssiuWith } from "./ssiu.ts";

let folder: string;
let input: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ssiu-upscale-"));
  // A PNG with another extension, because only the content counts.
  input = join(folder, "picture.jpg");
  const glass = { width: 12, height: 9, channels: 4, background: { r: 200, g: 60, b: 20, alpha: 0.5 } } as const;
  await sharp({ create: glass }).png().toFile(input);
  await symlink("loop.png", join(folder, "loop.png"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Runs `ssiu upscale …args` with these bytes on stdin. */
async function pipe(bytes: Uint8Array, ...args: string[]) {
  const child = spawn(process.execPath, [...PROGRAM, "upscale", ...args]);
  child.stdin.end(bytes);
  const [stdout, stderr, [code]] = await Promise.all([buffer(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code, stdout, stderr };
}

test.each([
  ["2", "out.png", "png", 4],
  ["3", "out.WebP", "webp", 4],
  ["4", "out.jpeg", "jpeg", 3],
  ["2", "out.avif", "heif", 4],
])("upscales x%s into %s", async (scale, name, format, channels) => {
  const output = join(folder, name);
  const { code, stdout, stderr } = await ssiu("upscale", input, output, "--scale", scale, "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const [width, height] = [12 * Number(scale), 9 * Number(scale)];
  const bytes = (await readFile(output)).length;
  const facts = { input, output, scale: Number(scale), engine: "simd", width, height, bytes };
  const model = expect.stringMatching(`^ssiu-x${scale}-web-[0-9a-f]{8}$`);
  expect(JSON.parse(stdout)).toEqual({ ...facts, model, ms: expect.any(Number) });
  expect(await sharp(output).metadata()).toMatchObject({ format, width, height, channels });
  expect((await stat(output)).mode & 0o777).toBe(0o666 & ~process.umask());
});

test("makes JPEG on white, and keeps the colour profile", async () => {
  const [clear, onWhite, wide] = [join(folder, "clear.png"), join(folder, "white.jpg"), join(folder, "wide.png")];
  const nothing = { width: 8, height: 8, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } as const;
  await sharp({ create: nothing }).png().toFile(clear);
  await ssiu("upscale", clear, onWhite, "--scale", "2");
  expect((await sharp(onWhite).raw().toBuffer()).every((value) => value === 255)).toBe(true);
  await ssiu("upscale", "test/fixtures/p3.png", wide, "--scale", "2");
  expect((await sharp(wide).metadata()).icc).toEqual((await sharp("test/fixtures/p3.png").metadata()).icc);
});

test("makes of a picture that is cut out what the Worker makes of it", async () => {
  const cut = join(folder, "cut.png");
  const fading =
    '<radialGradient id="fading"><stop stop-color="teal"/><stop offset="1" stop-color="white"/></radialGradient>';
  const disc = `<svg width="208" height="156">${fading}<circle cx="104" cy="78" r="65" fill="url(#fading)"/></svg>`;
  await sharp(Buffer.from(disc)).png().toFile(cut);
  const model = async (output: string) =>
    JSON.parse((await ssiuWith({}, "upscale", cut, output, "--scale", "2", "--json")).stdout).model;
  expect(await model(join(folder, "still-cut.png"))).toContain("web");
  // On white, nothing is left of the disc's edge.
  expect(await model(join(folder, "cut.jpg"))).not.toContain("web");
});

test.each([
  ["png", [], "png"],
  ["jpeg", [], "jpeg"],
  ["webp", ["--format", "jpg"], "jpeg"],
] as const)("reads a %s from a pipe and writes to one, %j", async (from, args, format) => {
  const bytes = await sharp(input).flatten().toFormat(from).toBuffer();
  const { code, stdout, stderr } = await pipe(bytes, "-", "-", "--scale", "2", ...args);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringMatching(`^- 12x9 -> - 24x18, ssiu-x2-\\S+, ${stdout.length} bytes, \\d+ ms\n$`),
  });
  expect(await sharp(stdout).metadata()).toMatchObject({ format, width: 24, height: 18 });
});

test("takes - for stdout where a folder is called so, too", async () => {
  await mkdir(join(folder, "-"));
  const child = spawn(process.execPath, [...PROGRAM, "upscale", input, "-", "--scale", "2"], { cwd: folder });
  expect((await sharp(await buffer(child.stdout)).metadata()).width).toBe(24);
});

test("prints JSON beside a picture on stdout, on stderr", async () => {
  const { stdout, stderr } = await pipe(new Uint8Array(), input, "-", "--scale", "2", "--json");
  expect(JSON.parse(stderr)).toMatchObject({ input, output: "-", width: 24, bytes: stdout.length });
});

test("shows on a terminal how many tiles are done, until all are", async () => {
  const env = { NODE_OPTIONS: "--import data:text/javascript,process.stderr.isTTY=true" };
  const { code, stderr } = await ssiuWith(env, "upscale", input, join(folder, "seen.png"), "--scale", "2");
  expect([code, stderr]).toEqual([0, expect.stringMatching(/100% \| 1\/1 tiles .*\[2K$/)]);
});

test.each(["png", "jpeg", "webp", "avif"])("--format %s counts, not the extension", async (format) => {
  const output = join(folder, "other.webp");
  expect(await ssiu("upscale", input, output, "--scale", "2", "--format", format)).toMatchObject({
    code: 0,
    stderr: "",
  });
  expect((await sharp(output).metadata()).format).toBe(format === "avif" ? "heif" : format);
});

test.each(["other", "other.gif"])("--format is enough where OUT is %s", async (name) => {
  const output = join(folder, name);
  expect(await ssiu("upscale", input, output, "--scale", "2", "--format", "webp")).toMatchObject({ code: 0 });
  expect((await sharp(output).metadata()).format).toBe("webp");
});

test("says of stdin that it is no picture", async () => {
  const { code, stdout, stderr } = await pipe(Buffer.from("no picture"), "-", "-", "--scale", "2");
  expect([code, stdout.length]).toEqual([1, 0]);
  expect(stderr).toMatch(/^error: stdin cannot be read: Expected a PNG, JPEG, WebP, AVIF or GIF/);
});

test("takes no more from stdin than from a file, 2 GiB", async () => {
  const endless = `
    import { Readable } from "node:stream";
    const stdin = Readable.from(Array(33).fill(Buffer.alloc(2 ** 26)));
    Object.defineProperty(process, "stdin", { value: stdin });`;
  const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(endless)}` };
  const reason = "Expected at most 2147483647 bytes for source, got 2147483648";
  const stderr = `error: Expected a readable file for the picture, got "stdin": ${reason}\n`;
  expect(await ssiuWith(env, "upscale", "-", "-", "--scale", "2")).toEqual({ code: 1, stdout: "", stderr });
});

test("prints no picture on a terminal", async () => {
  const env = { NODE_OPTIONS: "--import data:text/javascript,process.stdout.isTTY=true" };
  const stderr = "error: Expected a file or a pipe for OUT, got a terminal\n";
  expect(await ssiuWith(env, "upscale", input, "-", "--scale", "2")).toEqual({ code: 2, stdout: "", stderr });
});

test.each([
  ["OUT", "no-room.png"],
  ["stdout", "-"],
])("says that there is no room for %s, and leaves nothing half done beside it", async (_, name) => {
  const output = name === "-" ? name : join(folder, name);
  const args = ["upscale", "test/fixtures/rgb-8.png", output, "--scale", "4"];
  // A limit of a kilobyte or two per file has the effect of a full disk.
  const command = 'ulimit -f 2; exec "$@" > "$0"';
  const child = spawn("sh", ["-c", command, join(folder, "stdout"), process.execPath, ...PROGRAM, ...args]);
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: Expected a place .*: EFBIG: .*\n$/)]);
  expect((await readdir(folder)).filter((name) => name.startsWith("."))).toEqual([]);
});

test.each(["SIGHUP", "SIGINT", "SIGTERM"] as const)("leaves nothing half done behind on %s", async (signal) => {
  const place = await mkdtemp(join(folder, "ended-"));
  const output = join(place, "out.png");
  await writeFile(output, "old", { mode: 0o600 });
  const slow = `
    import fs from "node:fs/promises"; import { syncBuiltinESMExports } from "node:module";
    const { writeFile } = fs;
    fs.writeFile = async (path, bytes, options) => {
      await writeFile(path, bytes.subarray(0, 9), options);
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    };
    syncBuiltinESMExports();`;
  const env = { ...process.env, NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(slow)}` };
  const args = [...PROGRAM, "upscale", input, output, "--scale", "2"];
  const child = spawn(process.execPath, args, { env, timeout: 60_000, killSignal: "SIGKILL" });
  const ended = once(child, "exit");
  const unfinished = await vi.waitFor(async () => {
    const [name = "", ...others] = await readdir(place);
    expect([name, others]).toEqual([expect.stringMatching(/^\./), ["out.png"]]);
    return join(place, name);
  }, 30_000);
  // The replacement of a private file is private from its first byte on.
  expect((await stat(unfinished)).mode & 0o777).toBe(0o600);
  child.kill(signal);
  expect(await ended).toEqual([null, signal]);
  expect(await readdir(place)).toEqual(["out.png"]);
  expect(await readFile(output, "utf8")).toBe("old");
});

test("takes the first frame of an animation where that is asked for, and says so where it is not", async () => {
  const [animation, output] = ["test/fixtures/animated.webp", join(folder, "first.png")];
  const { code, stderr } = await ssiu("upscale", animation, output, "--scale", "2");
  expect([code, stderr]).toEqual([1, expect.stringMatching(/got \d frames; upscale --no-anim, .* takes the first\n$/)]);

  expect((await ssiu("upscale", animation, output, "--scale", "2", "--no-anim")).code).toBe(0);
  const { width = 0, height = 0 } = await sharp(animation).metadata();
  expect(await sharp(output).metadata()).toMatchObject({ width: 2 * width, height: 2 * height });
});

test("makes of a picture of several tiles, in its threads, what one engine makes of it", async () => {
  const noise = { type: "gaussian", mean: 128, sigma: 30 } as const;
  const picture = sharp({ create: { width: 150, height: 20, channels: 3, noise, background: "grey" } });
  const [source, output] = [join(folder, "noise.png"), join(folder, "noise-x2.png")];
  await picture.png().toFile(source);
  expect((await ssiuWith({}, "upscale", source, output, "--scale", "2", "--model", "clean")).code).toBe(0);
  const { engine, tiling } = await ENGINES.simd();
  const expected = await upscaleRgba(engine, await pixels(sharp(source)), clean(2), { tiling });
  expect(await pixels(sharp(output))).toEqual(expected);
});

test("replaces an existing result and leaves nothing beside it", async () => {
  const output = join(folder, "existing.png");
  await writeFile(output, "old");
  const { code, stdout } = await ssiu("upscale", input, output, "--scale", "2", "--engine", "ort-web");
  expect(code).toBe(0);
  expect(stdout).toMatch(/picture\.jpg 12x9 -> .*existing\.png 24x18, ssiu-x2-\S+, \d+ bytes, \d+ ms\n$/);
  expect((await sharp(output).metadata()).width).toBe(24);
  expect((await readdir(folder)).filter((name) => name.startsWith("."))).toEqual([]);
});

test("keeps ONNX Runtime from telling anybody what it runs", async () => {
  const home = await mkdtemp(join(folder, "home-"));
  // ONNX Runtime sends nothing anyway where a variable says that this is CI.
  const none = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]));
  const args = ["upscale", input, join(folder, "quiet.png"), "--scale", "2", "--engine", "ort"];
  const { code } = await ssiuWith({ ...none, HOME: home }, ...args);
  expect(code).toBe(0);
  // Telemetry would have stored an id of this machine and pending reports there.
  expect(await readdir(home)).toEqual([]);
});

test("keeps the mode of what it replaces, and the link that leads there", async () => {
  const [target, link] = [join(folder, "private.png"), join(folder, "link.png")];
  await writeFile(target, "old");
  // Neither the default mode of a new file, nor what a umask would leave of it.
  await chmod(target, 0o620);
  await symlink("private.png", link);
  expect((await ssiu("upscale", input, link, "--scale", "2")).code).toBe(0);
  expect((await lstat(link)).isSymbolicLink()).toBe(true);
  expect((await stat(target)).mode & 0o777).toBe(0o620);
  expect((await sharp(target).metadata()).width).toBe(24);
});

test.each([
  ["from its folder", ""],
  ["from the root", "/"],
])("makes the file that a link leads to, %s, and that is not there yet", async (_, root) => {
  const place = await mkdtemp(join(folder, "links-"));
  const [target, link] = [join(place, "later.png"), join(place, "dangling.png")];
  await symlink(root === "" ? "later.png" : target, link);
  expect(await ssiu("upscale", input, link, "--scale", "2")).toMatchObject({ code: 0, stderr: "" });
  expect((await lstat(link)).isSymbolicLink()).toBe(true);
  expect((await sharp(target).metadata()).width).toBe(24);
});

// If the link were not followed, the path would lead into /proc/self, where nobody can write.
test.runIf(existsSync("/proc/self/root"))("follows a link that .. comes after", async () => {
  const output = join(folder, "behind.png");
  const said = await ssiu("upscale", input, `/proc/self/root/..${output}`, "--scale", "2");
  expect(said).toMatchObject({ code: 0, stderr: "" });
  expect((await sharp(output).metadata()).width).toBe(24);
});

test("does not replace the picture itself, by a link neither", async () => {
  const [own, link] = [join(folder, "own.png"), join(folder, "own-link.png")];
  await sharp(input).png().toFile(own);
  await symlink(own, link);
  const before = await readFile(own);
  for (const output of [own, join(folder, "..", basename(folder), "own.png"), link]) {
    const { code, stderr } = await ssiu("upscale", own, output, "--scale", "2");
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/\.png": \S+\/own.png would replace one of the pictures\n$/),
    ]);
  }
  expect((await readFile(own)).equals(before)).toBe(true);
});

test("ends without a trace where nobody reads what it prints", async () => {
  const output = join(folder, "unread.png");
  const child = spawn(process.execPath, [...PROGRAM, "upscale", input, output, "--scale", "2"]);
  child.stdout.destroy();
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  expect({ code, stderr }).toEqual({ code: 141, stderr: "" });
  expect((await sharp(output).metadata()).width).toBe(24);
});

test("ends as SIGPIPE would where nobody reads its errors", async () => {
  const absent = join(folder, "absent.png");
  const child = spawn(process.execPath, [...PROGRAM, "upscale", absent, join(folder, "o.png"), "--scale", "2"]);
  child.stderr.destroy();
  expect(await once(child, "exit")).toEqual([141, null]);
});

test("does not put a file in place of a socket, a pipe or a device, by a link neither", async () => {
  const [socket, link] = [join(folder, "socket.png"), join(folder, "null.png")];
  const server = createServer().listen(socket);
  await once(server, "listening");
  await symlink(socket, link);
  const { code, stderr } = await ssiu("upscale", input, link, "--scale", "2");
  expect([code, stderr]).toEqual([1, expect.stringMatching(/got ".*null\.png": it is no regular file\n$/)]);
  expect((await stat(socket)).isSocket()).toBe(true);
  server.close();
});

// Root may write to any file.
test.skipIf(process.getuid?.() === 0)("does not replace a file that is protected from writing", async () => {
  const output = join(folder, "protected.png");
  await writeFile(output, "mine");
  await chmod(output, 0o444);
  const { code, stderr } = await ssiu("upscale", input, output, "--scale", "2");
  expect([code, stderr]).toEqual([1, expect.stringMatching(/got ".*protected\.png": EACCES: permission denied/)]);
  expect(await readFile(output, "utf8")).toBe("mine");
});

test("takes any name that the file system does", async () => {
  const output = join(folder, `${"a".repeat(251)}.png`);
  expect(await ssiu("upscale", input, output, "--scale", "2")).toMatchObject({ code: 0, stderr: "" });
});

describe("several pictures", () => {
  let results: string;

  beforeEach(async () => {
    results = await mkdtemp(join(folder, "results-"));
  });

  test("come into a folder, under their names, in their formats, and one that fails does not stop the others", async () => {
    await writeFile(join(folder, "words.png"), "no picture");
    await mkdir(join(folder, "a folder.png"), { recursive: true });
    const inputs = ["words.png", "a folder.png", "missing.png"].map((name) => join(folder, name));
    const good = [input, "test/fixtures/lossless.webp", "test/fixtures/alpha.gif"];
    const { code, stdout, stderr } = await ssiu("upscale", ...inputs, ...good, results, "--scale", "2", "--json");
    expect(code).toBe(1);
    expect(stderr.split("\n")).toEqual([
      expect.stringMatching(/^error: .*words\.png cannot be read: Expected a PNG/),
      expect.stringMatching(/^error: .*a folder\.png".*EISDIR/),
      expect.stringMatching(/^error: .*missing\.png".*ENOENT/),
      "",
    ]);
    const outputs = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).output);
    expect(outputs).toEqual([`${results}/picture.png`, `${results}/lossless.webp`, `${results}/alpha.png`]);
    const formats = await Promise.all(outputs.map(async (path) => (await sharp(path).metadata()).format));
    expect(formats).toEqual(["png", "webp", "png"]);
  });

  test("or one, with --format, and replaces what an earlier run made", async () => {
    for (const format of ["webp", "webp"]) {
      const { code, stderr } = await ssiu("upscale", input, `${results}/`, "--scale", "2", "--format", format);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    }
    expect(await readdir(results)).toEqual(["picture.webp"]);
  });

  test("are not replaced by results, neither are results of the same run", async () => {
    const [one, other] = [join(results, "picture.png"), join(results, "other")];
    await mkdir(other);
    for (const path of [one, join(other, "twice.png"), join(results, "twice.png")]) {
      await sharp(input).png().toFile(path);
    }
    const before = await readFile(one);
    const target = join(folder, "target");
    await mkdir(target);
    await symlink(one, join(target, "picture.png"));
    const same = [join(other, "twice.png"), join(results, "twice.png")];
    const output = relative("", target);
    // The result of `one` would replace `one` itself, through a link.
    const { code, stdout, stderr } = await ssiu("upscale", one, ...same, output, "--scale", "2", "--json");
    expect(code).toBe(1);
    expect(stderr.split("\n")).toEqual([
      expect.stringMatching(/picture\.png": \S+\/picture\.png would replace one of the pictures$/),
      expect.stringMatching(/twice\.png": \S+\/twice\.png would replace the result of another picture$/),
      "",
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ input: same[0], output: `${output}/twice.png` });
    expect((await readFile(one)).equals(before)).toBe(true);
  });

  test("are made of what has the name of a picture that none could be made of", async () => {
    const damaged = join(folder, "damaged");
    await mkdir(damaged);
    const bytes = await readFile("test/fixtures/rgb-8.png");
    await writeFile(join(folder, "same.png"), bytes);
    // The damage is in the pixels, which are decoded only after the result has a name.
    await writeFile(join(damaged, "same.png"), bytes.fill(0, bytes.length - 40, bytes.length - 20));
    const inputs = [join(damaged, "same.png"), join(folder, "same.png")];
    const { code, stdout, stderr } = await ssiu("upscale", ...inputs, results, "--scale", "2", "--json");
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: .*damaged\/same.png cannot be read: .*\n$/)]);
    expect(JSON.parse(stdout)).toMatchObject({ input: inputs[1], output: join(results, "same.png") });
  });

  test("do not replace each other where two links lead to one file", async () => {
    const linked = join(folder, "linked");
    await mkdir(linked);
    const inputs = ["left", "right"].map((name) => join(folder, `${name}.png`));
    for (const path of inputs) {
      await sharp(input).png().toFile(path);
      await symlink(join(folder, "shared.png"), join(linked, basename(path)));
    }
    const { code, stdout, stderr } = await ssiu("upscale", ...inputs, linked, "--scale", "2", "--json");
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/right.png": \S+\/right.png would replace the result of another picture\n$/),
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ input: inputs[0] });
  });
});

describe("a model", () => {
  const WEB = /^ssiu-x2-web-[0-9a-f]{8}$/;
  const CLEAN = /^ssiu-x2-[0-9a-f]{8}$/;

  beforeAll(async () => {
    const picture = sharp("src/web/samples/logo.png").resize(50, 32, { fit: "fill" });
    await picture.clone().png().toFile(join(folder, "a.png"));
    await picture.clone().png({ palette: true }).toFile(join(folder, "palette.png"));
    await picture.clone().jpeg({ quality: 60 }).toFile(join(folder, "a.jpg"));
    await sharp(input).png().toFile(join(folder, "icon.png"));
    const bars = Uint8Array.from({ length: 50 * 32 }, (_, i) => ((i % 50) % 10 < 5 ? 30 : 220));
    const raw = { width: 50, height: 32, channels: 1 } as const;
    await sharp(bars, { raw }).png().toFile(join(folder, "chart.png"));
    await picture.clone().webp({ quality: 60 }).toFile(join(folder, "lossy.webp"));
    await picture.clone().webp({ lossless: true }).toFile(join(folder, "lossless.webp"));
    await picture.clone().gif().toFile(join(folder, "a.gif"));
    await picture.clone().avif().toFile(join(folder, "a.avif"));
    await picture.clone().avif({ lossless: true, chromaSubsampling: "4:4:4" }).toFile(join(folder, "lossless.avif"));
  });

  test.each([
    ["a.png", [], CLEAN],
    ["icon.png", [], WEB],
    ["palette.png", [], WEB],
    ["a.jpg", [], WEB],
    ["lossy.webp", [], WEB],
    ["lossless.webp", [], CLEAN],
    ["a.avif", [], WEB],
    ["lossless.avif", [], CLEAN],
    ["a.gif", [], WEB],
    ["chart.png", [], WEB],
    ["chart.png", ["--model", "clean"], CLEAN],
    ["a.jpg", ["--model", "clean"], CLEAN],
    ["a.png", ["--model", "web", "--engine", "ort"], WEB],
  ])("for %s %j is %s", async (name, args, id) => {
    const output = join(folder, "model.png");
    const { stdout, stderr } = await ssiu("upscale", join(folder, name), output, "--scale", "2", "--json", ...args);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout).model).toMatch(id);
  });

  test("makes the pixels too, and the one it is said to be", async () => {
    const pixels = async (...args: string[]) => {
      const output = join(folder, "pixels.png");
      await ssiu("upscale", join(folder, "a.jpg"), output, "--scale", "2", ...args);
      return await sharp(output).raw().toBuffer();
    };
    const chosen = await pixels();
    expect(chosen.equals(await pixels("--model", "web"))).toBe(true);
    expect(chosen.equals(await pixels("--model", "clean"))).toBe(false);
  });
});

test.each([
  [false, "16400x12"],
  [true, "12x16400"],
])("says before it computes that WebP cannot hold the result, turned: %s", async (turned, size) => {
  const [wide, output] = [join(folder, "wide.png"), join(folder, "wide.webp")];
  const white = { width: 4100, height: 3, channels: 3, background: "white" } as const;
  await sharp({ create: white })
    .withMetadata({ orientation: turned ? 6 : 1 })
    .png()
    .toFile(wide);
  // It cannot be decoded either, but that would only show later.
  const bytes = await readFile(wide);
  await writeFile(wide, bytes.fill(0, bytes.length - 24, bytes.length - 16));
  const { code, stdout, stderr } = await ssiu("upscale", wide, output, "--scale", "4");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toBe(`error: Expected a picture of at most 16383 px a side for webp, got ${size}\n`);
});

// Versions of Node after 20 allow longer arrays.
test.skipIf(constants.MAX_LENGTH >= 4 * 60_000 ** 2)(
  "says before it computes that Node cannot hold the result",
  async () => {
    const bomb = "test/fixtures/bomb-30000x30000.png";
    const stderr = "error: Expected a result of at most 1073741824 pixels for this Node.js, got 60000x60000\n";
    const said = await ssiu("upscale", bomb, join(folder, "huge.png"), "--scale", "2");
    expect(said).toEqual({ code: 1, stdout: "", stderr });
  },
);

test("quality makes a lossy result larger or smaller", async () => {
  const size = async (quality: string) => {
    const output = join(folder, `q${quality}.jpg`);
    await ssiu("upscale", input, output, "--scale", "2", "--quality", quality);
    return (await readFile(output)).length;
  };
  expect(await size("20")).toBeLessThan(await size("100"));
});

test("takes what a URL can say: sizes, cuts, formats, x1", async () => {
  for (const [ops, size] of [
    ["width=100,height=80,fit=cover,format=webp", "webp 100x80"],
    ["x1,height=12,f=jpg", "jpeg 19x12"],
  ]) {
    // Without an extension, the format comes from the ops.
    const output = join(folder, "by-ops");
    const { code, stderr } = await ssiu("upscale", "test/fixtures/rgb-8.png", output, "--ops", `${ops}`);
    expect([code, stderr]).toEqual([0, ""]);
    const { format, width, height } = await sharp(output).metadata();
    expect(`${format} ${width}x${height}`).toBe(size);
  }
});

test.each([
  ["no scale", ["a.png", "b.png"], "Expected --scale or --ops, got neither"],
  [
    "ops that a URL could not have",
    ["a.png", "b.png", "--ops", "width=0"],
    'Expected a whole number from 1 to 16383 for width, got "0"',
  ],
  [
    "ops that make no picture",
    ["a.png", "b.png", "--ops", "x2,format=json"],
    'Expected png, jpeg, webp or avif for format in --ops, got "json"',
  ],
  [
    "ops for failures",
    ["a.png", "b.png", "--ops", "x2,onerror=original"],
    'Expected nothing for onerror in --ops, got "original"',
  ],
  [
    "a preset, which is the Worker's",
    ["a.png", "b.png", "--ops", "preset=thumb"],
    'Expected no preset for --ops, got "preset=thumb"',
  ],
  [
    "the same by two options",
    ["a.png", "b.png", "--ops", "x2", "--format", "webp"],
    "option '--ops <ops>' cannot be used with option '--format <name>'",
  ],
  ["an unknown scale", ["a.png", "b.png", "--scale", "5"], 'Expected 2, 3 or 4 for --scale, got "5"'],
  [
    "an unknown engine",
    ["a.png", "b.png", "--scale", "2", "--engine", "gpu"],
    'Expected simd, ort or ort-web for --engine, got "gpu"',
  ],
  [
    "an unknown model",
    ["a.png", "b.png", "--scale", "2", "--model", "best"],
    'Expected clean or web for --model, got "best"',
  ],
  ["a quality of 0", ["a.png", "b.png", "--scale", "2", "--quality", "0"], 'Expected 1 to 100 for --quality, got "0"'],
  [
    "a quality of 1000",
    ["a.png", "b.png", "--scale", "2", "--quality", "1000"],
    'Expected 1 to 100 for --quality, got "1000"',
  ],
  [
    "an unknown format",
    ["a.png", "b.bmp", "--scale", "2"],
    'Expected an existing folder, - or a name ending in .png, .jpg, .webp or .avif for OUT, got "b.bmp"',
  ],
  [
    "no name at all",
    ["a.png", "", "--scale", "2", "--format", "png"],
    'Expected an existing folder, - or a name ending in .png, .jpg, .webp or .avif for OUT, got ""',
  ],
  [
    "an unknown --format",
    ["a.png", "b.png", "--scale", "2", "--format", "bmp"],
    'Expected png, jpeg, webp or avif for --format, got "bmp"',
  ],
  ["an unknown option", ["a.png", "b.png", "--scale", "2", "--fast"], "unknown option '--fast'"],
  ["no name at all, not even of a picture", ["--scale", "2"], "missing required argument 'IN'"],
  ["one name only", ["a.png", "--scale", "2"], "Expected IN and OUT, got one name only"],
  [
    "several pictures into one",
    ["a.png", "b.png", "c.png", "--scale", "2"],
    'Expected an existing folder for OUT, of several pictures, got "c.png"',
  ],
  ["stdin into a folder", ["-", "test", "--scale", "2"], "Expected a name for the result of stdin, got a folder"],
])("refuses %s: exit 2 and one line", async (_, args, message) => {
  expect(await ssiu("upscale", ...args)).toEqual({ code: 2, stdout: "", stderr: `error: ${message}\n` });
});

test.each([
  [
    "a missing picture",
    "nowhere.png",
    "out.png",
    /^error: Expected a readable file for the picture, got ".*nowhere.png": /,
  ],
  [
    "what is no picture",
    "text.png",
    "out.png",
    /^error: .*text.png cannot be read: Expected a PNG, JPEG, WebP, AVIF or GIF/,
  ],
  [
    "a damaged picture",
    "damaged.jpg",
    "out.png",
    /^error: .*damaged.jpg cannot be read: Expected a complete, valid picture/,
  ],
  ["a folder in a folder", "picture.jpg", "", /^error: Expected a place .* got ".*picture.png": it is a folder/],
  [
    "a missing folder, before it decodes",
    "damaged.jpg",
    "none/out.png",
    /^error: Expected a place that can be written to for the result/,
  ],
  [
    "a loop of links, before it decodes",
    "damaged.jpg",
    "loop.png",
    /^error: Expected a place .* got ".*loop.png": ELOOP: /,
  ],
  [
    "a name too long, before it decodes",
    "damaged.jpg",
    `${"a".repeat(252)}.png`,
    /^error: Expected a place .*: ENAMETOOLONG: /,
  ],
  [
    "a folder that is not there yet, before it decodes",
    "damaged.jpg",
    "none.png/",
    /^error: Expected a place .*none.png\/": it is a folder/,
  ],
])("fails on %s: exit 1 and one line", async (_, from, to, message) => {
  await writeFile(join(folder, "text.png"), "not a picture\n");
  const bytes = await readFile("test/fixtures/rgb-8.png");
  await writeFile(join(folder, "damaged.jpg"), bytes.fill(0, bytes.length - 40, bytes.length - 20));
  await mkdir(join(folder, "picture.png"), { recursive: true });
  const { code, stdout, stderr } = await ssiu("upscale", join(folder, from), join(folder, to), "--scale", "2");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
});
