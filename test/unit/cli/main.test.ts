import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";
import project from "../../../package.json" with { type: "json" };
import { PROGRAM, ssiu } from "./ssiu.ts";

test.each(["", "upscale ", "eval ", "sign ", "jobs replay ", "webhooks listen "])(
  "ssiu %s--help is no failure",
  async (command) => {
    const { code, stdout, stderr } = await ssiu(...command.split(" ").filter(Boolean), "--help");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`Usage: ssiu ${command}`);
  },
);

test("--version says which it is", async () => {
  expect(await ssiu("--version")).toEqual({ code: 0, stdout: `${project.version}\n`, stderr: "" });
});

test.runIf(existsSync("/dev/full"))("says that there is no room for what it prints", async () => {
  const args = ["-c", 'exec "$@" > /dev/full', "sh", process.execPath, ...PROGRAM, "--version"];
  const child = spawn("sh", args);
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  expect({ code, stderr }).toEqual({ code: 1, stderr: "error: ENOSPC: no space left on device, write\n" });
});

test("npm run ssiu takes names of files from where it is called", async () => {
  const cwd = await mkdtemp(join(tmpdir(), "ssiu main-"));
  onTestFinished(() => rm(cwd, { recursive: true }));
  await sharp("src/web/samples/logo.png").resize(16).toFile(join(cwd, "a.png"));
  // The config of some other project.
  await writeFile(join(cwd, "tsconfig.json"), '{"extends":"none"}');
  const args = ["--prefix", process.cwd(), "run", "-s", "ssiu", "--", "upscale", "a.png", "b (1).png", "--scale", "2"];
  await promisify(execFile)("npm", args, { cwd });
  expect(await readdir(cwd)).toEqual(["a.png", "b (1).png", "tsconfig.json"]);
});
