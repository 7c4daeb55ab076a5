import { Response } from "miniflare";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseImagePath } from "../../src/core/image-path.ts";
import { parseKeyring } from "../../src/core/keyring.ts";
import { signUrl } from "../../src/core/signed-url.ts";
import { createInternet } from "./internet.ts";
import { pattern } from "./pictures.ts";
import { startWorker, type TestWorker } from "./worker.ts";

const SECRET = "k1:0123456789abcdef";
const REMOTE = "https://images.example.com/a.png";

const internet = createInternet();
let picture: Uint8Array;
let all: TestWorker;
let remote: TestWorker;

const start = async (vars: Record<string, string>, rateLimits = {}) => {
  const worker = await startWorker({
    vars: { ALLOWED_SOURCES: "https://images.example.com/", ...vars },
    internet: internet.answer,
    rateLimits,
  });
  await worker.putSource("photo.png", picture);
  return worker;
};

beforeAll(async () => {
  picture = new Uint8Array(await pattern(20, 20).png().toBuffer());
  internet.serve(REMOTE, () => new Response(new Uint8Array(picture), { headers: { ETag: '"1"' } }));
  all = await start({ SIGNED_URLS: "all", URL_KEYS: `k2:fedcba9876543210,${SECRET}` });
  remote = await start({ SIGNED_URLS: "remote", URL_KEYS: SECRET });
});
afterAll(() => Promise.all([all.stop(), remote.stop()]));
beforeEach(() => {
  internet.asked.length = 0;
});

/** A link to `path` that is valid for this many seconds. */
async function signed(path: string, seconds = 600, key = SECRET): Promise<string> {
  return await signUrl(parseImagePath(path), Math.floor(Date.now() / 1000) + seconds, parseKeyring(key, "KEYS"));
}

async function expectProblem(worker: TestWorker, url: string, status: number, code: string): Promise<void> {
  const { status: actual, headers, body } = await worker.get(url);
  expect([actual, JSON.parse(new TextDecoder().decode(body)).code]).toEqual([status, code]);
  expect(headers.get("cache-control")).toBe("no-store");
}

describe("where every URL must be signed", () => {
  it("serves a signed one, in any spelling of its path, with any of the keys", async () => {
    const url = await signed("/img/x2,format=webp,quality=70/photo.png");
    const answer = await all.get(url);
    expect(answer.status).toBe(200);
    const other = await all.get(url.replace("format=webp,quality=70", "q=70,f=webp"));
    expect(other.status).toBe(200);
    expect(other.headers.get("etag")).toBe(answer.headers.get("etag"));
    expect((await all.get(await signed("/img/x2/photo.png", 600, "k2:fedcba9876543210"))).status).toBe(200);
  });

  it.each<[string, (url: string) => string]>([
    ["no signature", (url) => url.replace(/\?.*/, "")],
    ["another scale", (url) => url.replace("x2", "x3")],
  ])("refuses %s", async (_, tamper) => {
    const url = await signed("/img/x2/photo.png");
    await expectProblem(all, tamper(url), 403, "signature_invalid");
  });

  it("does not tell without a signature whether there is such a source, nor look for it", async () => {
    await expectProblem(all, "/img/x2/missing.png", 403, "signature_invalid");
    await expectProblem(all, await signed("/img/x2/missing.png"), 404, "source_not_found");
    await expectProblem(all, `/img/x2/${REMOTE}`, 403, "signature_invalid");
    expect(internet.asked).toEqual([]);
  });

  it("refuses an expired link, stored result or not, but not to tamperers", async () => {
    expect((await all.get(await signed("/img/x2/photo.png"))).status).toBe(200);
    const expired = await signed("/img/x2/photo.png", -1);
    await expectProblem(all, expired, 410, "link_expired");
    await expectProblem(all, expired.replace("x2", "x3"), 403, "signature_invalid");
    expect((await all.get(expired, { headers: { "If-None-Match": "*" } })).status).toBe(410);
  });

  it("lets nothing be cached for longer than the link holds", async () => {
    const url = await signed("/img/x2/photo.png", 600);
    const { headers } = await all.get(url);
    const [, age] = /^public, max-age=(\d+), must-revalidate$/.exec(headers.get("cache-control") ?? "") ?? [];
    expect(Number(age)).toBeGreaterThan(500);
    expect(Number(age)).toBeLessThanOrEqual(600);
    const revalidated = await all.get(url, { headers: { "If-None-Match": headers.get("etag") ?? "" } });
    expect(revalidated.status).toBe(304);
    expect(revalidated.headers.get("cache-control")).toMatch(/^public, max-age=(5\d\d|600), must-revalidate$/);
  });
});

describe("where remote URLs must be signed", () => {
  it("serves our own pictures to anybody and remote ones by signature", async () => {
    const own = await remote.get("/img/x2/photo.png");
    expect(own.status).toBe(200);
    expect(own.headers.get("cache-control")).toContain("stale-while-revalidate");
    await expectProblem(remote, `/img/x2/${REMOTE}`, 403, "signature_invalid");
    expect(internet.asked).toEqual([]);
    const url = await signed(`/img/x2/${REMOTE}`);
    expect((await remote.get(url)).status).toBe(200);
    expect((await remote.get(`/img/x2/https:/images.example.com/a.png?${url.split("?")[1]}`)).status).toBe(200);
  });
});

describe("rate limits", () => {
  const from = (address: string) => ({ headers: { "CF-Connecting-IP": address } });

  /** Repeats a failed attempt if the counters were reset meanwhile, as they are every minute. */
  async function inOneMinute(
    { vars = {}, ...limits }: { vars?: Record<string, string>; REQUEST_LIMIT?: number; MISS_LIMIT?: number },
    attempt: (worker: TestWorker) => Promise<void>,
  ): Promise<void> {
    const worker = await start(vars, limits);
    const minute = () => Math.floor(Date.now() / 60_000);
    const begun = minute();
    try {
      await attempt(worker);
    } catch (failure) {
      if (minute() === begun) throw failure;
      await inOneMinute({ vars, ...limits }, attempt);
    } finally {
      await worker.stop();
    }
  }

  it("count the requests of each client, whether they are served or not", () =>
    inOneMinute({ REQUEST_LIMIT: 5 }, async (worker) => {
      const statuses = [];
      for (let i = 0; i < 7; i++) statuses.push((await worker.get("/img/x2/none.png", from("192.0.2.1"))).status);
      expect(statuses).toEqual([404, 404, 404, 404, 404, 429, 429]);
      const refused = await worker.get("/img/x9/none.png", from("192.0.2.1"));
      expect(refused.status).toBe(429);
      expect(refused.headers.get("retry-after")).toBe("10");
      expect((await worker.get("/img/x2/none.png", from("192.0.2.2"))).status).toBe(404);
    }));

  it("count an IPv6 network as one client", () =>
    inOneMinute({ REQUEST_LIMIT: 1 }, async (worker) => {
      const ask = async (address: string) => (await worker.get("/img/x2/none.png", from(address))).status;
      expect(await ask("2001:db8:0:1::1")).toBe(404);
      expect(await ask("2001:db8:0:1:ffff:ffff:ffff:ffff")).toBe(429);
      expect(await ask("2001:db8:0:2::1")).toBe(404);
    }));

  it("count what has to be computed apart; what is stored is free of that", () =>
    inOneMinute({ MISS_LIMIT: 2 }, async (worker) => {
      const ask = async (ops: string, method = "GET", address = "192.0.2.1") =>
        (await worker.get(`/img/${ops}/photo.png`, { method, ...from(address) })).status;
      expect(await ask("x2")).toBe(200);
      await expect.poll(worker.storedKeys).toHaveLength(1);
      expect([await ask("x2"), await ask("x2"), await ask("x2", "HEAD")]).toEqual([200, 200, 200]);
      expect(await ask("x3", "HEAD")).toBe(200);
      expect([await ask("x3"), await ask("x3", "HEAD"), await ask("x2")]).toEqual([429, 429, 200]);
      expect(await ask("x3", "GET", "192.0.2.2")).toBe(200);
    }));

  it("count what has to be computed for a signed URL on its key, from wherever it is asked", async () => {
    const vars = { SIGNED_URLS: "all", URL_KEYS: `${SECRET},k2:fedcba9876543210` };
    await inOneMinute({ vars, MISS_LIMIT: 1 }, async (worker) => {
      const ask = async (ops: string, key: string, address: string) =>
        (await worker.get(await signed(`/img/${ops}/photo.png`, 600, key), from(address))).status;
      expect(await ask("x2", SECRET, "192.0.2.1")).toBe(200);
      expect(await ask("x3", SECRET, "192.0.2.2")).toBe(429);
      expect(await ask("x3", "k2:fedcba9876543210", "192.0.2.2")).toBe(200);
    });
  });
});
