import { expect, it } from "vitest";
import { unstable_getMiniflareWorkerOptions as workerOptions } from "wrangler";
import { NO_PRESETS } from "../../../src/core/presets.ts";
import { parseConfig } from "../../../src/edge/config.ts";
import { parseJobConfig } from "../../../src/edge/jobs/config.ts";
import { parseUploadRules } from "../../../src/edge/jobs/upload-rules.ts";
import { parseOriginConfig } from "../../../src/edge/origin-config.ts";

const VARS = {
  ...(workerOptions("wrangler.toml").workerOptions.bindings as Record<string, string>),
  ORIGIN_URL: "https://origin.example.com",
  ORIGIN_KEYS: "k1:0123456789abcdef",
};
const OTHERS = ["PRESETS", "PRESETS_ONLY", "URL_KEYS", "JOB_TOKENS", "WEBHOOK_KEYS", "SOURCE_WEBHOOK_KEYS"];

function parse(env: Record<string, string>): void {
  parseConfig(env);
  parseOriginConfig(env);
  parseUploadRules(env.UPLOAD_RULES ?? "[]", NO_PRESETS, parseJobConfig(env));
}

it("takes the variables of wrangler.toml", () => {
  expect(() => parse(VARS)).not.toThrow();
});

it.each([...Object.keys(VARS), ...OTHERS])("says that it is %s where that is wrong", (name) => {
  expect(() => parse({ ...VARS, [name]: "?" })).toThrow(name);
});

it.each(OTHERS.slice(2))("does not tell a secret: %s", (name) => {
  expect(() => parse({ ...VARS, [name]: "?secret?" })).toThrow(/^(?!.*\?secret\?)/s);
});
