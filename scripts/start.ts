import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { DEVELOPMENT_KEYS } from "../src/core/origin-request.ts";

/** Starts the Worker in workerd with local R2 and says what to try. Everything after `npm start --` goes to wrangler. */
const ORIGIN = "http://localhost:8787";
const SAMPLES = new URL("../src/web/samples/", import.meta.url);

/** The origin, where there is one: `ORIGIN_URL=http://127.0.0.1:8788 npm start` beside `npm run origin`. */
const { ORIGIN_URL, ORIGIN_KEYS = DEVELOPMENT_KEYS } = process.env;
const origin = ORIGIN_URL ? ["--var", `ORIGIN_URL:${ORIGIN_URL}`, "--var", `ORIGIN_KEYS:${ORIGIN_KEYS}`] : [];

const wrangler = spawn("wrangler", ["dev", "--log-level", "warn", ...origin, ...process.argv.slice(2)], {
  stdio: "inherit",
  // Neither account nor network is needed; wrangler would look for both.
  env: { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false" },
});
wrangler.on("exit", (code) => process.exit(code ?? 0));
// Ctrl-C reaches wrangler by itself, a SIGTERM does not.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => wrangler.kill());

while (!(await isUp())) await new Promise((resolve) => setTimeout(resolve, 200));

const samples = (await readdir(SAMPLES)).filter((name) => /\.(png|jpe?g|webp|avif)$/.test(name));
console.log(`
ssiu-edge: open ${ORIGIN}/ or try

${samples.map((name) => `  ${ORIGIN}/img/x2/samples/${name}`).join("\n")}
  ${ORIGIN}/img/x4,format=webp,quality=90/samples/${samples[0]}

The original of each is ${ORIGIN}/samples/<name>. Any picture put into src/web/samples is served too.
Stop with Ctrl-C.
`);

async function isUp(): Promise<boolean> {
  return await fetch(`${ORIGIN}/healthz`).then(
    (response) => response.ok,
    () => false,
  );
}
