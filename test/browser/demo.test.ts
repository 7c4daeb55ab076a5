import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type BrowserContextOptions, chromium, type Page, type Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../listen.ts";
import { EXECUTABLE, hasChromium } from "./chromium.ts";

type Answer = (route: Route) => Promise<void>;

const picture: Answer = (route) => route.fulfill({ contentType: "image/png", path: "src/web/samples/logo.png" });

describe.skipIf(!hasChromium)("the demo page", () => {
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: ["--no-sandbox"] });
  });
  afterAll(() => browser.close());

  /** Opens the page from a server that answers each picture with `answer`. */
  async function open(answer: Answer, query = "", options: BrowserContextOptions = {}): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
    const html = await readFile("src/web/index.html", "utf8");
    await page.route("**/*", (route) => route.fulfill({ contentType: "text/html", body: html }));
    await page.route("**/samples/*", (route) =>
      route
        .fulfill({ path: `src/web${new URL(route.request().url()).pathname}` })
        .catch(() => route.fulfill({ status: 404 })),
    );
    await page.route("**/img/**", answer);
    await page.goto(`http://demo.test/${query}`);
    return page;
  }

  it.each<[string, string, boolean, Answer]>([
    ["a picture", "Computed in", true, picture],
    ["no picture", "no picture", false, (route) => route.fulfill({ contentType: "image/png", body: "png" })],
    ["a problem", "Too large", false, (route) => route.fulfill({ status: 413, body: '{"detail":"Too large"}' })],
    ["a page", "no picture: status 503", false, (route) => route.fulfill({ status: 503, body: "<h1>Error</h1>" })],
    ["nothing", "There is no answer", false, (route) => route.abort()],
    ["nothing yet", "Computing", false, async () => {}],
  ])("says what came of it, and shows a result where there is one: %s", async (_, said, isShown, answer) => {
    const page = await open(answer);
    await expect.poll(() => page.textContent("#status")).toContain(said);
    expect(await page.isVisible("#after")).toBe(isShown);
    await page.close();
  });

  it("says that a picture broke off in the middle", async () => {
    const html = await readFile("src/web/index.html");
    const server = createServer(({ url = "" }, response) => {
      if (!url.startsWith("/img/")) return response.setHeader("Content-Type", "text/html").end(html);
      return response.writeHead(200, { "Content-Type": "image/png", "Content-Length": 1000 }).flushHeaders();
    });
    const page = await browser.newPage();
    page.on("response", (response) => response.url().includes("/img/") && server.closeAllConnections());
    await page.goto(await listen(server));
    await expect.poll(() => page.textContent("#status")).toBe("The answer broke off");
    await page.close();
    server.close();
  });

  it("keeps within a phone's screen, however long a sample's name", async () => {
    const tooLong: Answer = (route) => route.fulfill({ status: 413, body: `{"detail":"${"x".repeat(80)}"}` });
    const page = await open(tooLong, `?sample=${"x".repeat(80)}.png`, { viewport: { width: 375, height: 667 } });
    await expect.poll(() => page.textContent("#status")).toContain("xxx");
    expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBe(375);
    await page.close();
  });

  it("begins with the sample that its address names", async () => {
    const page = await open(picture, "?sample=logo.png");
    expect(await page.textContent("button[aria-pressed=true]")).toBe("logo.png");
    // The shell needs quotes: a browser names a second copy `cat (1).jpg`.
    const command = 'curl -o "x4-logo.png" "http://demo.test/img/x4/samples/logo.png"';
    await expect.poll(() => page.textContent("#command")).toBe(command);
    await page.close();
  });

  it("is the same again when it is loaded again, its own samples too", async () => {
    const page = await open(picture, "?sample=cats/own.png");
    await page.getByText("logo.png").click();
    await page.getByText("x3", { exact: true }).click();
    const [chosen, names] = ['button[aria-pressed="true"]', "#samples button"];
    const before = [await page.locator(chosen).allTextContents(), await page.locator(names).allTextContents()];
    expect(before).toEqual([["logo.png", "x3"], expect.arrayContaining(["cats/own.png", "scene.png"])]);
    await page.reload();
    expect([await page.locator(chosen).allTextContents(), await page.locator(names).allTextContents()]).toEqual(before);
    await page.close();
  });

  it("draws the line only where there is a picture on either side", async () => {
    const page = await open((route) => (route.request().url().includes("logo") ? picture(route) : route.abort()));
    const line = () => page.evaluate<string>('getComputedStyle(document.querySelector("figure"), "::after").display');
    await expect.poll(() => page.textContent("#status")).toBe("There is no answer");
    expect(await line()).toBe("none");
    await page.getByText("logo.png").click();
    await expect.poll(line).toBe("block");
    await page.close();
  });

  it("takes a sample in a folder", async () => {
    const page = await open(picture, "?sample=cats/a%20b.png");
    const command = 'curl -o "x4-a%20b.png" "http://demo.test/img/x4/samples/cats/a%20b.png"';
    await expect.poll(() => page.textContent("#command")).toBe(command);
    await page.close();
  });

  it("shows no empty frame where there is no such sample", async () => {
    const page = await open((route) => route.fulfill({ status: 404, body: "{}" }), "?sample=nothing.png");
    await expect.poll(() => page.textContent("#status")).toContain("no picture: status 404");
    expect(await page.isVisible("figure")).toBe(false);
    await page.getByText("logo.png").click();
    await expect.poll(() => page.isVisible("figure")).toBe(true);
    await page.getByText("nothing.png").click();
    await expect.poll(() => page.isVisible("figure")).toBe(false);
    await page.close();
  });

  it("gives up what it has asked for when something else is chosen", async () => {
    const slowAtFirst: Answer = (route) =>
      route.request().url().includes("scene") ? new Promise(() => {}) : picture(route);
    const page = await open(slowAtFirst);
    const givenUp = page.waitForEvent("requestfailed", { timeout: 10_000 });
    await page.getByText("logo.png").click();
    expect((await givenUp).url()).toBe("http://demo.test/img/x4/samples/scene.png");
    await expect.poll(() => page.textContent("#status")).toContain("Computed in");
    await page.close();
  });

  it("shows a command that shells take as it is", async () => {
    const page = await open(picture, "?sample=wow!%20%241%20`(1).png");
    // bash and zsh expand an exclamation mark from their history, even within double quotes.
    const name = "wow%21%20%241%20%60(1).png";
    const command = `curl -o "x4-${name}" "http://demo.test/img/x4/samples/${name}"`;
    await expect.poll(() => page.textContent("#command")).toBe(command);
    await page.close();
  });

  it("says without JavaScript why nothing is there, and leads to a picture", async () => {
    const page = await open(picture, "", { javaScriptEnabled: false });
    await page.getByText("This page needs JavaScript").waitFor({ timeout: 5000 });
    await page.getByRole("link", { name: "at x4" }).click();
    expect(page.url()).toBe("http://demo.test/img/x4/samples/scene.png");
    await page.close();
  });

  it("says it above the pictures, where it is seen without scrolling", async () => {
    const page = await open(picture);
    await expect.poll(() => page.textContent("#status")).toContain("Computed in");
    const [status, figure] = [await page.locator("#status").boundingBox(), await page.locator("figure").boundingBox()];
    expect((status?.y ?? 0) + (status?.height ?? 0)).toBeLessThanOrEqual(figure?.y ?? 0);
    expect(figure?.y).toBeLessThan(400);
    await page.close();
  });

  it("shows where the keyboard is when it moves the line", async () => {
    const page = await open(picture);
    const outline = () => page.evaluate<string>('getComputedStyle(document.querySelector("figure")).outlineStyle');
    expect(await outline()).toBe("none");
    await page.getByText("x4", { exact: true }).focus();
    await page.keyboard.press("Tab");
    expect(await page.evaluate<string>("document.activeElement.type")).toBe("range");
    expect(await outline()).toBe("solid");
    await page.close();
  });

  it("shows where the keyboard is among the buttons, on the chosen one too", async () => {
    const page = await open(picture);
    const outline = () => page.evaluate<string>('getComputedStyle(document.querySelector("button")).outline');
    await expect.poll(() => page.getAttribute("button", "aria-pressed")).toBe("true");
    const chosen = await outline();
    await page.keyboard.press("Tab");
    expect(await page.evaluate<string>("document.activeElement.textContent")).toBe("scene.png");
    expect(await outline()).not.toBe(chosen);
    await page.close();
  });

  it("moves the line by a hundredth of the picture with each press of an arrow, and smoothly with the mouse", async () => {
    const page = await open(picture);
    const split = () =>
      page.evaluate<number>('Number.parseFloat(document.querySelector("figure").style.getPropertyValue("--split"))');
    const line = page.getByRole("slider");
    await line.focus();
    for (let i = 0; i < 5; i++) await page.keyboard.press("ArrowRight");
    expect(await split()).toBe(55);
    expect(await line.getAttribute("aria-valuetext")).toBe("55 % by the browser");
    const { x = 0, y = 0, width = 0 } = (await line.boundingBox()) ?? {};
    await page.mouse.click(x + 0.3 * width + 3, y + 20);
    expect(await split()).not.toBe(Math.round(await split()));
    await page.close();
  });
});
