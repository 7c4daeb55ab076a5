import { readFile } from "node:fs/promises";
import { chromium, type Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXECUTABLE, hasChromium } from "./chromium.ts";

describe.skipIf(!hasChromium)("the demo page", () => {
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: ["--no-sandbox"] });
  });
  afterAll(() => browser.close());

  it.each<[string, string, (route: Route) => Promise<void>]>([
    ["a picture", "Computed in", (route) => route.fulfill({ contentType: "image/png", body: "png" })],
    ["a problem", "Too large", (route) => route.fulfill({ status: 413, body: '{"detail":"Too large"}' })],
    ["a page", "There is no picture: status 503", (route) => route.fulfill({ status: 503, body: "<h1>Error</h1>" })],
    ["nothing", "There is no answer", (route) => route.abort()],
  ])("says what came of it where %s is answered", async (_, said, answer) => {
    const page = await browser.newPage();
    const html = await readFile("src/web/index.html", "utf8");
    await page.route("**/*", (route) => route.fulfill({ contentType: "text/html", body: html }));
    await page.route("**/img/**", answer);
    await page.goto("http://demo.test/");
    await expect.poll(() => page.textContent("#status")).toContain(said);
  });
});
