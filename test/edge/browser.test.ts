import { createServer, type Server } from "node:http";
import { Response } from "miniflare";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXECUTABLE, hasChromium } from "../browser/chromium.ts";
import { listen } from "../listen.ts";
import { pattern } from "./pictures.ts";
import { startWorker, type TestWorker } from "./worker.ts";

describe.skipIf(!hasChromium)("a picture that is opened by itself", () => {
  let worker: TestWorker;
  let browser: Browser;
  let server: Server;
  let base: string;

  // A real server, because the browser saves what its own routes answer without looking at the headers.
  beforeAll(async () => {
    const picture = new Uint8Array(await pattern().png().toBuffer());
    worker = await startWorker({
      vars: { ALLOWED_SOURCES: "https://cdn.example.com" },
      internet: () => new Response(picture, { headers: { ETag: '"1"' } }),
    });
    await worker.putSource("photo.png", picture);
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: ["--no-sandbox"] });
    server = createServer(async ({ url = "" }, response) => {
      const { headers, body } = await worker.get(url.replace(/^\/(script|link)/, ""));
      response.setHeaders(new Map(headers)).removeHeader("content-length");
      if (url.startsWith("/img/")) return response.end(body);
      response.setHeader("content-type", "text/html");
      if (url.startsWith("/script/")) return response.end("<script>document.title = 'ran'</script>");
      response.removeHeader("content-security-policy");
      return response.end(`<a href="${url.slice("/link".length)}" download>it</a>`);
    });
    base = await listen(server);
  });
  afterAll(async () => {
    await browser.close();
    server.close();
    await worker.stop();
  });

  it("is shown as any picture, in the middle of the window, and runs nothing", async () => {
    const page = await browser.newPage({ viewport: { width: 600, height: 400 } });
    await page.goto(`${base}/img/x1/photo.png`);
    expect(await page.locator("img").boundingBox()).toEqual({ x: 276, y: 184, width: 48, height: 32 });
    await page.goto(`${base}/script/img/x1/photo.png`);
    expect(await page.title()).toBe("");
    await page.close();
  });

  it.each([
    ["photo.png", "photo.webp"],
    ["https://cdn.example.com/ü (1).jpg?v=2", "ü (1).webp"],
  ])("is saved under the name of its source and the extension of its format: %s", async (source, name) => {
    const page = await browser.newPage();
    await page.goto(`${base}/link/img/x1,f=webp/${encodeURIComponent(source)}`);
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("a")]);
    expect(download.suggestedFilename()).toBe(name);
    await page.close();
  });
});
