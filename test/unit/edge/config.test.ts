import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { unstable_getMiniflareWorkerOptions as workerOptions } from "wrangler";
import { NO_PRESETS } from "../../../src/core/presets.ts";
import { parseConfig } from "../../../src/edge/config.ts";
import { parseJobConfig } from "../../../src/edge/jobs/config.ts";
import { parseUploadRules } from "../../../src/edge/jobs/upload-rules.ts";
import { parseOriginConfig } from "../../../src/edge/origin-config.ts";

/** Numeric settings, each with a different value. */
const NUMBERS: Record<string, string> = {
  ...{ MAX_SOURCE_BYTES: "1", MAX_INPUT_PIXELS: "2", MAX_OUTPUT_PIXELS: "3", MAX_AVIF_PIXELS: "4" },
  ...{ MAX_JPEG_SCANS: "5", MAX_URL_LENGTH: "6", SOURCE_TIMEOUT_MS: "7", LEASE_WAIT_MS: "8", LEASE_HOLD_MS: "9" },
  ...{ ORIGIN_DEADLINE_MS: "10", ORIGIN_RESULT_BYTES: "11", EDGE_INPUT_PIXELS: "12" },
  ...{ ORIGIN_INPUT_PIXELS: "13", ORIGIN_OUTPUT_PIXELS: "14", ORIGIN_AVIF_PIXELS: "15" },
  ...{ JOB_RETRY_SECONDS: "16", JOB_WATCHDOG_SECONDS: "17", JOB_RETENTION_SECONDS: "18" },
  ...{ WEBHOOK_SCHEDULE_SECONDS: "19,20" },
};
const DEFAULTED = [...Object.keys(NUMBERS), "CACHE_CONTROL"];

const VARS: Record<string, string> = {
  ...(workerOptions("wrangler.toml").workerOptions.bindings as Record<string, string>),
  ORIGIN_URL: "https://origin.example.com",
  ORIGIN_KEYS: "k1:0123456789abcdef",
};
const OTHERS = ["PRESETS", "PRESETS_ONLY", "URL_KEYS", "JOB_TOKENS", "WEBHOOK_KEYS", "SOURCE_WEBHOOK_KEYS"];

function parse(env: Record<string, string>) {
  const jobs = parseJobConfig(env);
  const uploadRules = parseUploadRules(env.UPLOAD_RULES, NO_PRESETS, jobs);
  const { keys, ...origin } = parseOriginConfig(env) ?? { keys: undefined };
  return { config: parseConfig(env), jobs, uploadRules, origin };
}

it("takes the variables of wrangler.toml", () => {
  expect(() => parse(VARS)).not.toThrow();
});

it.each([...Object.keys(VARS), ...DEFAULTED, ...OTHERS])("says that it is %s where that is wrong", (name) => {
  expect(() => parse({ ...VARS, [name]: "?" })).toThrow(name);
});

const CHOICES = ["SIGNED_URLS", "PRESETS_ONLY", "ALLOW_LOCAL_CALLBACKS"];

it.each([...DEFAULTED, ...CHOICES, "ORIGIN_URL", "ALLOWED_SOURCES"])(
  "says of %s what was expected and what was got, cut to 80 characters",
  (name) => {
    const told = (got: string) => new RegExp(`^Invalid .* in wrangler.toml:\nExpected .* for ${name}, got "${got}"$`);
    expect(() => parse({ ...VARS, [name]: "!" })).toThrow(told("!"));
    expect(() => parse({ ...VARS, [name]: "!=".repeat(50) })).toThrow(told(`${"!=".repeat(40)}…`));
  },
);

it.each<Record<string, string>>([
  { MAX_SOURCE_BYTES: "-1" },
  { MAX_SOURCE_BYTES: "20MB" },
  { LEASE_WAIT_MS: "2147483648" },
  { JOB_WATCHDOG_SECONDS: "0" },
  { CACHE_CONTROL: 'public, max-age="86400"' },
  { CACHE_CONTROL: "public; max-age=86400" },
  { CACHE_CONTROL: "public, max-age=1h" },
  { CACHE_CONTROL: "s-maxage=-1, public" },
  { SIGNED_URLS: "all" },
  { ORIGIN_URL: "127.0.0.1:9" },
  { ORIGIN_URL: "http://127.0.0.1:9/?a" },
  { UPLOAD_RULES: "{}" },
  { UPLOAD_RULES: '[{"prefix":"a","ops":["x9"]}]' },
  {
    UPLOAD_RULES: '[{"prefix":"a","ops":["x2"],"callback":"https://10.0.0.1/"}]',
    WEBHOOK_KEYS: "whsec_c3NpdS1lZGdlLWxvY2FsLXdlYmhvb2tz",
  },
])("does not take %j, and names it", (vars) => {
  expect(() => parse({ ...VARS, ...vars })).toThrow(Object.keys(vars)[0]);
});

it.each([
  [{ JOB_RETENTION_SECONDS: "315360000" }, "from 0 to 99999999"],
  [{ WEBHOOK_SCHEDULE_SECONDS: "0,1000000" }, "of 6 digits at most"],
])("says of %j that it is too long", (vars, said) => {
  expect(() => parse({ ...VARS, ...vars })).toThrow(said);
});

it("says that a variable is no text", () => {
  const numbers = { ...VARS, MAX_URL_LENGTH: 2048 };
  expect(() => parseConfig(numbers)).toThrow(/:\nExpected a string for MAX_URL_LENGTH, got number$/);
});

it.each([
  ["JOB_TOKENS", "0123456789abcdef,short", "token"],
  ["WEBHOOK_KEYS", `whsec_${"A".repeat(32)},short`, "key"],
  ["SOURCE_WEBHOOK_KEYS", `whsec_${"A".repeat(32)},short`, "key"],
])("says of %s=%s which %s is wrong", (name, value, what) => {
  expect(() => parse({ ...VARS, [name]: value })).toThrow(new RegExp(`for ${what} 2 of ${name}$`));
});

it.each([...OTHERS.slice(2), "ORIGIN_KEYS"])("does not tell a secret: %s", (name) => {
  expect(() => parse({ ...VARS, [name]: "?secret?" })).toThrow(/^(?!.*\?secret\?)/s);
});

it.each([
  "https://user:secret@origin.example.com",
  "https://origin.example.com/#a",
  "https://origin.example.com/?token=secret",
  "ftp://origin.example.com",
  "https://origin.example.com:87880",
  "https://[origin]",
])("takes no origin at %s, and does not tell its password", (url) => {
  expect(() => parseOriginConfig({ ...VARS, ORIGIN_URL: url })).toThrow(/^(?!.*secret).* for ORIGIN_URL, got /ms);
});

it.each(["https://origin.example.com/ssiu", "https://origin.example.com/ssiu//"])("takes an origin at %s", (url) => {
  expect(parseOriginConfig({ ...VARS, ORIGIN_URL: url })?.url).toBe("https://origin.example.com/ssiu");
});

it("takes each number from the variable that is named for it", () => {
  const env = { ...VARS, ...NUMBERS };
  expect(parseConfig(env)).toMatchObject({
    limits: { sourceBytes: 1, inputPixels: 2, outputPixels: 3, avifPixels: 4, jpegScans: 5, urlLength: 6 },
    remote: { timeoutMs: 7 },
    lease: { waitMs: 8, holdMs: 9 },
  });
  expect(parseOriginConfig(env)).toMatchObject({
    deadlineMs: 10,
    resultBytes: 11,
    limits: { edgeInputPixels: 12, inputPixels: 13, outputPixels: 14, avifPixels: 15 },
  });
  const jobs = { retryMs: 16_000, watchdogMs: 17_000, retentionMs: 18_000, webhookScheduleMs: [19_000, 20_000] };
  expect(parseJobConfig(env)).toMatchObject(jobs);
});

it.each([
  ...OTHERS,
  ...DEFAULTED,
  "SIGNED_URLS",
  "ALLOW_LOCAL_CALLBACKS",
  "ALLOWED_SOURCES",
  "UPLOAD_RULES",
  "ORIGIN_URL",
])("takes an empty %s as if it were not set", (name) => {
  const { [name]: _, ...without } = VARS;
  expect(parse({ ...VARS, [name]: "" })).toEqual(parse(without));
});

it("needs keys for what it asks of an origin", () => {
  expect(() => parse({ ...VARS, ORIGIN_KEYS: "" })).toThrow(/^Expected .* for ORIGIN_KEYS, got nothing$/m);
});

it("needs no variable", () => {
  const { config, origin, uploadRules } = parse({});
  expect([config.signing.mode, config.remote.allowed, origin, uploadRules]).toEqual(["off", [], {}, []]);
});

it("does not leave URLs unsigned where only the keys are left", () => {
  const { SIGNED_URLS, ...rest } = VARS;
  const URL_KEYS = "k1:0123456789abcdef";
  expect(() => parse({ ...rest, URL_KEYS })).toThrow(/^Expected one of off, remote, all for SIGNED_URLS where/m);
  expect(parse({ ...rest, SIGNED_URLS: "off", URL_KEYS }).config.signing.mode).toBe("off");
});

it.each(["README.md", "docs/jobs.md"])("has by itself what the tables of %s call default", (name) => {
  const bare = (cell: string) => cell.replaceAll("`", "");
  const number = (cell: string) => (/^\d{1,3}(,\d{3})+$/.test(cell) ? cell.replaceAll(",", "") : cell);
  const rows = readFileSync(name, "utf8").matchAll(/^\| (`[A-Z_`, ]+`) \| ([\d,` ]+) \|/gm);
  const defaults = [...rows].flatMap(([, names = "", values = ""]) => {
    const each = bare(values).split(", ");
    return bare(names)
      .split(", ")
      .map((variable, i) => [variable, number(each[i] ?? "")]);
  });
  expect(defaults.length).toBeGreaterThan(3);
  const env = { ORIGIN_URL: "https://origin.example.com", ORIGIN_KEYS: "k1:0123456789abcdef" };
  expect(parse({ ...env, ...Object.fromEntries(defaults) })).toEqual(parse(env));
});

it("does not let pass by an empty variable what another one forbids", () => {
  expect(() => parse({ ...VARS, SIGNED_URLS: "all", URL_KEYS: "" })).toThrow("Expected keys for URL_KEYS");
  expect(parseConfig({ ...VARS, PRESETS_ONLY: "true", PRESETS: "" }).presets.only).toEqual(new Set());
});

it("lets nobody make jobs, send webhooks or have them sent to itself where nothing says so", () => {
  const { tokens, webhookKeys, sourceWebhookKeys, allowLocalCallbacks } = parseJobConfig(VARS);
  expect([tokens, webhookKeys, sourceWebhookKeys, allowLocalCallbacks]).toEqual([[], [], [], false]);
  expect(parseJobConfig({ ...VARS, ALLOW_LOCAL_CALLBACKS: "true" }).allowLocalCallbacks).toBe(true);
});

it("takes only tokens that are hard to guess", () => {
  expect(parseJobConfig({ ...VARS, JOB_TOKENS: "0123456789abcdef,fedcba9876543210" }).tokens).toHaveLength(2);
  for (const JOB_TOKENS of ["0123456789abcde", "0123456789abcdef,short", "0123456789abcdef,", "0123456789abcdef g"]) {
    expect(() => parseJobConfig({ ...VARS, JOB_TOKENS })).toThrow("JOB_TOKENS");
  }
});

it("takes lists of keys and tokens with spaces behind the commas", () => {
  const env = {
    ...VARS,
    SIGNED_URLS: "all",
    URL_KEYS: "k2:fedcba9876543210, k1:0123456789abcdef",
    JOB_TOKENS: "fedcba9876543210, 0123456789abcdef",
    WEBHOOK_KEYS: `whsec_${"A".repeat(32)}, whsec_${"B".repeat(32)}`,
  };
  const { signing, tokens, webhookKeys } = parseJobConfig(env);
  expect([signing.mode === "all" && signing.keys.id, tokens, webhookKeys.length]).toEqual([
    "k2",
    ["fedcba9876543210", "0123456789abcdef"],
    2,
  ]);
});
