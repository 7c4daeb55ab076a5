import { text } from "node:stream/consumers";
import type { Command } from "commander";
import * as z from "zod";
import { parseImagePath } from "../core/image-path.ts";
import { parseKeyring } from "../core/keyring.ts";
import { parsePresets } from "../core/presets.ts";
import { signUrl } from "../core/signed-url.ts";
import { parsedBy } from "../service/settings.ts";
import { expecting, PIPE } from "./options.ts";

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Base for parsing a link that is only a path. */
const ANY_SERVER = "http://localhost";

const url =
  "an http(s) URL or a path, of /img/ and without a query (a source that has one stands there percent-encoded)";
const expires = "a whole number and s, m, h or d, such as 90m";

const Options = z
  .strictObject({
    urls: z.array(z.string().refine(isLink, { error: expecting(url, "URL") })),
    key: z
      .string()
      .min(1, "Expected id:secret for --key or in URL_KEYS, got nothing")
      .pipe(parsedBy(parseKeyring, "--key or URL_KEYS")),
    expires: z
      .string()
      .regex(/^[1-9]\d{0,5}[smhd]$/, { error: expecting(expires, "--expires") })
      .transform((text) => Number.parseInt(text, 10) * SECONDS[text.slice(-1) as keyof typeof SECONDS]),
    presets: parsedBy(parsePresets, "--presets").prefault("{}"),
    base: z
      .string()
      .refine(isServer, { error: expecting("http(s)://host[:port]", "--base") })
      .optional(),
  })
  .refine(
    ({ urls, base }) => base === undefined || !urls.some((url) => URL.canParse(url)),
    "Expected a path for URL beside --base, got a URL",
  );

/** Adds `ssiu sign URL...`. */
export function addSign(program: Command): void {
  program
    .command("sign")
    .description("sign links to pictures for a Worker with SIGNED_URLS set; prints one per line")
    .argument("<URL...>", `/img/<ops>/<source>: ${url}; - reads them from the lines of stdin`)
    .option("--key <id:secret>", "the key to sign with, or `env`: the first key in the variable URL_KEYS", "env")
    .option("--expires <duration>", `how long the link is valid: ${expires}`, "1h")
    .option("--presets <json>", "the Worker's variable PRESETS, if the link names a preset")
    .option("--base <url>", "address of the Worker, put before a path")
    .action(async (links: string[], { key, ...options }) => {
      const urls = (await Promise.all(links.map((link) => (link === PIPE ? readLines() : link)))).flat();
      await sign(Options.parse({ urls, key: key === "env" ? (process.env.URL_KEYS ?? "") : key, ...options }));
    });
}

async function readLines(): Promise<string[]> {
  return (await text(process.stdin)).split(/\r?\n/).filter((line) => line !== "");
}

function isServer(text: string): boolean {
  return /^https?:\/\/[^/?#@]+\/?$/.test(text) && URL.canParse(text);
}

function isLink(text: string): boolean {
  // A URL parser accepts more, and the link would name another server or none: //host/img/…, http:/img/…, user:word@host.
  const isPlain = /^(https?:\/\/[^/\\?#@]+\/|\/?)img\/[^?#]*$/i.test(text);
  return isPlain && URL.canParse(text, ANY_SERVER) && new URL(text, ANY_SERVER).pathname.startsWith("/img/");
}

async function sign({ urls, key, presets, expires, base }: z.infer<typeof Options>): Promise<void> {
  const expiresAt = Math.floor(Date.now() / 1000) + expires;
  const signed = urls.map(async (url) => {
    const { pathname, origin } = new URL(url, base ?? ANY_SERVER);
    const link = await signUrl(parseImagePath(pathname, { ops: presets }), expiresAt, key);
    return base === undefined && !URL.canParse(url) ? link : `${origin}${link}`;
  });
  // Prints all links or none.
  for (const link of await Promise.all(signed)) console.log(link);
}
