import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { freePort } from "../../free-port.ts";
import { listen } from "../../listen.ts";
import { program } from "../../program.ts";

let folder: string;

/** A fake wrangler that listens where it is told to, and ends after the first request. */
const WRANGLER = `#!${process.execPath}
const args = process.argv.join(" ");
const [, port] = args.match(/ --port[ =](\\d+)/);
const [, host] = args.match(/ --ip[ =]([\\d.]+)/) ?? ["", "127.0.0.1"];
if (process.env.SHOW_ARGS) console.log(args);
const end = () => {
  if (process.env.KILLED) process.kill(process.pid, "SIGKILL");
  if (process.env.STAY) setTimeout(() => console.log("left behind"), 5000);
  setTimeout(() => process.exit(0), process.env.STAY ? 5100 : 500);
};
if (args.includes("https")) {
  import(${JSON.stringify(import.meta.resolve("miniflare"))}).then(({ Miniflare, Response }) => new Miniflare({
    ...{ port: Number(port), host, https: true, modules: true },
    script: "export default { fetch: (request, { NODE }) => NODE.fetch(request) }",
    serviceBindings: { NODE: () => { end(); return new Response(); } },
  }));
} else require("node:http").createServer((_, response) => { response.end(); end(); }).listen(port, host);
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ssiu-start-"));
  await writeFile(join(folder, "wrangler"), WRANGLER);
  await chmod(join(folder, "wrangler"), 0o755);
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Runs `npm start -- …args` with the fake wrangler. */
async function start(...args: string[]) {
  return await startIn(process.cwd(), ...args);
}

async function startIn(cwd: string, ...args: string[]) {
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
  const child = spawn(process.execPath, [...program("scripts/start"), ...args], { cwd, env, timeout: 30_000 });
  const [[code], stdout, stderr] = await Promise.all([once(child, "exit"), text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

test.each([[" "], ["="]])("waits where --port%s<number> says and names that", async (separator) => {
  const port = await freePort();
  const { code, stdout } = await start("--env", "ort", ...`--port${separator}${port}`.split(" "));
  expect(code).toBe(0);
  expect(stdout).toContain(`open http://localhost:${port}/ or try`);
  expect(stdout).not.toContain("8787");
});

test("waits for a Worker that https is spoken to", async () => {
  const port = await freePort();
  const { code, stdout, stderr } = await start("--port", `${port}`, "--local-protocol", "https");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain(`open https://localhost:${port}/ or try`);
  expect(stdout).toContain(
    `curl -k -H "Authorization: Bearer local-token-of-npm-start" https://localhost:${port}/v1/jobs`,
  );
});

// On other systems, loopback has only one address by default.
test.runIf(process.platform === "linux")("waits where --ip says and names that", async () => {
  const port = await freePort();
  const { code, stdout } = await start("--port", `${port}`, "--ip", "127.0.0.2");
  expect(code).toBe(0);
  expect(stdout).toContain(`open http://127.0.0.2:${port}/ or try`);
});

test("names what somebody put among the samples by links, and tries what is there in any case", async () => {
  const reader = join(folder, "reader.mjs");
  await writeFile(
    reader,
    `import fs from "node:fs/promises"; import { syncBuiltinESMExports } from "node:module";
    fs.readdir = async () => ["'50%' #1.JPG"]; syncBuiltinESMExports();`,
  );
  vi.stubEnv("NODE_OPTIONS", `--import ${reader}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { stdout } = await start("--port", `${await freePort()}`);
  expect(stdout).toContain("/img/x2/samples/'50%25'%20%231.JPG\n");
  expect(stdout).toContain(`/v1/jobs -d '{"source":"samples/chart.png","ops":"x2"}'\n`);
});

test("fails where wrangler was killed", async () => {
  vi.stubEnv("KILLED", "1");
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await start("--port", `${await freePort()}`)).toMatchObject({ code: 1 });
});

test("leaves no wrangler behind where it fails itself", async () => {
  const breaker = join(folder, "breaker.mjs");
  await writeFile(
    breaker,
    `import fs from "node:fs/promises"; import { syncBuiltinESMExports } from "node:module";
    fs.readdir = async () => { throw new Error("no samples"); }; syncBuiltinESMExports();`,
  );
  vi.stubEnv("NODE_OPTIONS", `--import ${breaker}`);
  vi.stubEnv("STAY", "1");
  onTestFinished(() => void vi.unstubAllEnvs());
  const { code, stdout, stderr } = await start("--port", `${await freePort()}`);
  expect([code, stdout, stderr]).toEqual([1, "", expect.stringContaining("no samples")]);
});

test("says so where localhost is no address to listen on, instead of waiting for a wrangler that does", async () => {
  const resolver = join(folder, "resolver.mjs");
  const lookup = `async () => [{ address: "127.0.0.1", family: 4 }, { address: "2001:db8::1", family: 6 }]`;
  await writeFile(
    resolver,
    `import dns from "node:dns/promises"; import { syncBuiltinESMExports } from "node:module";
    dns.lookup = ${lookup}; syncBuiltinESMExports();`,
  );
  vi.stubEnv("NODE_OPTIONS", `--import ${resolver}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  const stderr = `error: Expected an address of this machine for localhost, got "2001:db8::1"; without IPv6, take its line out of /etc/hosts\n`;
  expect(await start()).toEqual({ code: 1, stdout: "", stderr });
});

test("takes the development key for ORIGIN_KEYS, as the origin does, where that is empty", async () => {
  for (const [name, value] of Object.entries({ SHOW_ARGS: "1", ORIGIN_URL: "http://127.0.0.1:9", ORIGIN_KEYS: "" })) {
    vi.stubEnv(name, value);
  }
  onTestFinished(() => void vi.unstubAllEnvs());
  const { stdout } = await start("--port", `${await freePort()}`);
  expect(stdout).toContain(" --var ORIGIN_KEYS:dev:only-for-this-machine ");
});

test.each([
  ["0", ["--port", "0"]],
  ["65536", ["--port=65536"]],
  ["", ["--port"]],
])("refuses %j for --port before anything starts", async (port, args) => {
  const stderr = `error: Expected 1 to 65535 for --port, got "${port}"\n`;
  expect(await start(...args)).toEqual({ code: 2, stdout: "", stderr });
});

test.each([200, 500])("does not take who listens there and answers %i for the Worker", async (status) => {
  const other = createServer((_, response) => response.writeHead(status).end());
  const { port } = new URL(await listen(other));
  const stderr = `error: Expected a port that is free for --port, got "${port}"\n`;
  expect(await start("--port", port)).toEqual({ code: 1, stdout: "", stderr });
  other.close();
});

test("ends where the checkout cannot be written to, instead of waiting for a wrangler that cannot begin", async () => {
  const cwd = await mkdtemp(join(folder, "checkout-"));
  // Root can write anywhere, but nobody can make a folder below a file.
  await writeFile(join(cwd, ".wrangler"), "");
  const stderr = `error: Expected a folder that can be written to for npm start, got "${cwd}"\n`;
  expect(await startIn(cwd, "--port", `${await freePort()}`)).toEqual({ code: 1, stdout: "", stderr });
});
