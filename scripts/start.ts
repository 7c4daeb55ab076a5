import { spawn } from "node:child_process";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { access, constants, mkdir, readdir } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { connect, createServer, isIPv6 } from "node:net";
import { parseArgs } from "node:util";
import { expected } from "../src/core/errors.ts";
import { DEVELOPMENT_KEYS } from "../src/core/origin-request.ts";

/** Starts the Worker in workerd with local R2 and says what to try. Everything after `npm start --` goes to wrangler. */
const { values: told } = parseArgs({
  args: process.argv.slice(2),
  strict: false,
  options: { port: { type: "string" }, ip: { type: "string" }, "local-protocol": { type: "string" } },
});
const PORT = portOf(told.port);
const HOST = hostOf(`${told.ip ?? ""}`);
const SECURE = told["local-protocol"] === "https";
const ORIGIN = `${SECURE ? "https" : "http"}://${isIPv6(HOST) ? `[${HOST}]` : HOST}:${PORT}`;
/** These secrets may be public, because this Worker can be reached only from this machine. */
const TOKEN = "local-token-of-npm-start";
const WEBHOOK_KEY = `whsec_${btoa("ssiu-edge-local-webhooks")}`;
const LOCAL_VARS = [
  `JOB_TOKENS:${TOKEN}`,
  `WEBHOOK_KEYS:${WEBHOOK_KEY}`,
  `SOURCE_WEBHOOK_KEYS:${WEBHOOK_KEY}`,
  "ALLOW_LOCAL_CALLBACKS:true",
  // So that nobody waits until tomorrow for the last attempt.
  "WEBHOOK_SCHEDULE_SECONDS:0,1,2,3,5,8,13",
  // A little more than all retries take. What waits in the local queue is lost whenever wrangler reloads.
  "JOB_WATCHDOG_SECONDS:400",
];
const SAMPLES = new URL("../src/web/samples/", import.meta.url);
/** One of our own samples: the first in the folder may be anything that somebody put there. */
const SAMPLE = "chart.png";

/** The origin, if there is one: `ORIGIN_URL=http://127.0.0.1:8788 npm start` beside `npm run origin`. */
const { ORIGIN_URL, ORIGIN_KEYS } = process.env;
const ORIGIN_VARS = ORIGIN_URL ? [`ORIGIN_URL:${ORIGIN_URL}`, `ORIGIN_KEYS:${ORIGIN_KEYS || DEVELOPMENT_KEYS}`] : [];
const TOO_LARGE = `
What is too large for an isolate (413) needs an origin: npm run origin in another terminal, and here, instead of this,
ORIGIN_URL=http://127.0.0.1:8788 npm start`;
const vars = [...LOCAL_VARS, ...ORIGIN_VARS].flatMap((pair) => ["--var", pair]);

await checkWritable();
await checkLocalhost();
if (await isTaken(Number(PORT))) fail(expected("a port that is free", "--port", PORT));
const wrangler = spawn("wrangler", ["dev", "--log-level", "warn", ...vars, ...process.argv.slice(2)], {
  stdio: "inherit",
  // Wrangler needs neither an account nor a network, but would look for both.
  env: { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false" },
});
wrangler.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGTERM" ? 0 : 1)));
process.on("exit", () => wrangler.kill());
// Ctrl-C also reaches wrangler directly, a SIGTERM does not.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => wrangler.kill());

for (let status = await health(); status !== 200; status = await health()) {
  if (status === 500) {
    // A setting is wrong, so every request would fail.
    process.stderr.write("error: the Worker cannot begin; what it has logged above says why\n");
    wrangler
      .removeAllListeners("exit")
      .once("exit", () => process.exit(1))
      .kill();
    await new Promise(() => {});
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
}

const samples = (await readdir(SAMPLES)).filter((name) => /\.(png|jpe?g|webp|avif|gif)$/i.test(name));
console.log(`
ssiu-edge: open ${ORIGIN}/ or try

${samples.map((name) => `  ${ORIGIN}/img/x2/samples/${encodeURIComponent(name)}`).join("\n")}
  ${ORIGIN}/img/x4,format=webp,quality=90/samples/${SAMPLE}

The original of each is ${ORIGIN}/samples/<name>. Any picture put into src/web/samples is served too, and
shown by the page at ${ORIGIN}/?sample=<name>.${ORIGIN_URL ? "" : TOO_LARGE}

A job, as docs/jobs.md has it (webhooks are signed with ${WEBHOOK_KEY}):

  curl${SECURE ? " -k" : ""} -H "Authorization: Bearer ${TOKEN}" ${ORIGIN}/v1/jobs -d '{"source":"samples/${SAMPLE}","ops":"x2"}'

Stop with Ctrl-C.
`);

/** The port that wrangler will listen on, by default that of wrangler.toml. Ends the program if it is not valid. */
function portOf(port: string | boolean = "8787"): string {
  if (typeof port === "string" && /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535) return port;
  fail(expected("1 to 65535", "--port", port === true ? "" : `${port}`), 2);
}

function fail(message: string, status = 1): never {
  process.stderr.write(`error: ${message}\n`);
  process.exit(status);
}

/** The host name under which wrangler is reached from here. */
function hostOf(ip: string): string {
  return ["", "127.0.0.1", "::1", "0.0.0.0", "::", "*"].includes(ip) ? "localhost" : ip;
}

/** Ends the program if wrangler cannot keep its files: wrangler says so itself, but then neither listens nor ends. */
async function checkWritable(): Promise<void> {
  try {
    await mkdir(".wrangler/tmp", { recursive: true });
    await access(".wrangler/tmp", constants.W_OK);
  } catch {
    fail(expected("a folder that can be written to", "npm start", process.cwd()));
  }
}

/**
 * Ends the program if localhost is also an address that nobody can listen on here, like `::1` without IPv6: wrangler then
 * waits for ever and says nothing. https://github.com/cloudflare/workers-sdk/issues/14077 (2026-11-27)
 */
async function checkLocalhost(): Promise<void> {
  for (const { address } of await lookup("localhost", { all: true })) {
    const server = createServer().listen(0, address);
    await once(server, "listening").catch(() => {
      const message = expected("an address of this machine", "localhost", address);
      fail(`${message}; without IPv6, take its line out of /etc/hosts`);
    });
    server.close();
  }
}

/** Whether another program already listens on the port, which would be taken for the Worker. */
async function isTaken(port: number): Promise<boolean> {
  const socket = connect(port, HOST);
  const taken = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return taken;
}

/** Status of `/healthz`; undefined while nobody listens. */
async function health(): Promise<number | undefined> {
  // Not by fetch, because wrangler's certificate is self-signed.
  const request = (SECURE ? https : http).get(`${ORIGIN}/healthz`, { rejectUnauthorized: false });
  return await once(request, "response").then(
    ([response]) => response.resume().statusCode,
    () => undefined,
  );
}
