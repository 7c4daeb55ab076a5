import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { build } from "esbuild";
import { type Browser, chromium } from "playwright-core";
import type { Rgb, Scale } from "../../src/core/image.ts";
import { listen } from "../listen.ts";

export const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";

export const hasChromium = existsSync(EXECUTABLE);

export interface BrowserEngine {
  upscale(image: Rgb, scale: Scale): Promise<{ data: Uint8ClampedArray; ms: number; build: string }>;
  stop(): Promise<void>;
}

/** Starts the engine in a page of headless Chromium, served from loopback. */
export async function startBrowser(): Promise<BrowserEngine> {
  const { outputFiles } = await build({
    entryPoints: ["test/browser/page.ts"],
    bundle: true,
    format: "esm",
    target: "es2023",
    write: false,
  });
  const script = outputFiles[0]?.contents ?? new Uint8Array();
  const server = createServer((request, response) => {
    void answer(request.url ?? "/", script).then(
      ({ type, body }) => response.setHeader("Content-Type", type).end(body),
      () => response.writeHead(404).end(),
    );
  });
  const url = await listen(server);
  const browser: Browser = await chromium.launch({ executablePath: EXECUTABLE, args: ["--no-sandbox"] });
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForFunction("globalThis.upscale !== undefined");
  return {
    async upscale({ data, ...size }, scale) {
      const call = `upscale(${JSON.stringify({ ...size, data: [...data] })}, ${scale})`;
      const result = await page.evaluate<{ data: number[]; ms: number; build: string }>(call);
      return { ...result, data: Uint8ClampedArray.from(result.data) };
    },
    async stop() {
      await browser.close();
      server.close();
    },
  };
}

async function answer(path: string, script: Uint8Array): Promise<{ type: string; body: Uint8Array | string }> {
  if (path === "/") return { type: "text/html", body: '<script type="module" src="/page.js"></script>' };
  if (path === "/page.js") return { type: "text/javascript", body: script };
  const [, folder, name = ""] = /^\/(kernels|models)\/([\w.-]+)$/.exec(path) ?? [];
  const file = folder === "kernels" ? `src/engine/kernels/build/${name}` : `models/${name}`;
  return { type: folder === "kernels" ? "application/wasm" : "application/octet-stream", body: await readFile(file) };
}
