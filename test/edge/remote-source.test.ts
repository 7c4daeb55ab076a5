import { Response } from "miniflare";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fixture } from "../fixtures/read.ts";
import { createInternet, slowBody } from "./internet.ts";
import { pattern } from "./pictures.ts";
import { startWorker, type TestWorker } from "./worker.ts";

const HOST = "https://images.example.com";
const OWN = "https://own.example.com";

const internet = createInternet();
let picture: Uint8Array;
let other: Uint8Array;
let large: Uint8Array;
let worker: TestWorker;

beforeAll(async () => {
  picture = new Uint8Array(await pattern(24, 24).png().toBuffer());
  other = new Uint8Array(await pattern(26, 24).png().toBuffer());
  large = new Uint8Array(await pattern(600, 500).png({ palette: true }).toBuffer());
  worker = await startWorker({
    vars: {
      ALLOWED_SOURCES: `${HOST}/public, https://cdn.example.com, ${OWN}/`,
      SOURCE_TIMEOUT_MS: "2000",
      MAX_SOURCE_BYTES: "100000",
    },
    internet: internet.answer,
  });
});
afterAll(() => worker.stop());
beforeEach(() => {
  internet.asked.length = 0;
});

const get: TestWorker["get"] = (path, init) => worker.get(path, init);

function serve(
  path: string,
  body: Uint8Array | ReadableStream | null,
  init: { status?: number; headers?: object } = {},
) {
  const url = new URL(path, HOST).href;
  internet.serve(url, () => new Response(body, init));
  return url;
}

const redirect = (from: string, to: string, status = 302) => serve(from, null, { status, headers: { Location: to } });

async function expectProblem(path: string, status: number, code: string): Promise<string> {
  const answer = await get(path);
  const body = new TextDecoder().decode(answer.body);
  expect([answer.status, JSON.parse(body).code], body).toEqual([status, code]);
  expect(body).not.toContain("upstream");
  return body;
}

describe("a picture from another server", () => {
  it("is one result, however its URL is written", async () => {
    const url = serve("/public/a%20b.png", picture, { headers: { ETag: '"1"' } });
    const etags = new Set<string | null>();
    const encoded = encodeURIComponent(url);
    for (const source of [
      url,
      url.replace("//", "/"),
      encoded,
      encoded.toLowerCase(),
      url.replace("images", "IMAGES"),
    ]) {
      const answer = await get(`/img/x2/${source}`);
      expect(answer.status).toBe(200);
      expect((await sharp(answer.body).metadata()).width).toBe(48);
      etags.add(answer.headers.get("etag"));
    }
    expect(etags.size).toBe(1);
    expect(new Set(internet.asked)).toEqual(new Set([url]));
  });

  it("has a query only where the URL is encoded as a whole", async () => {
    const url = serve("/public/q.png?v=1&w=2", picture);
    expect((await get(`/img/x2/${encodeURIComponent(url)}`)).status).toBe(200);
    expect(await expectProblem(`/img/x2/${url}`, 400, "invalid_path")).toContain("encode it whole");
    for (const spelling of [
      `https:%2F%2F${url.slice(8)}`,
      `https%3A//${url.slice(8)}`,
      `${encodeURIComponent(url)}?w=3`,
    ]) {
      await expectProblem(`/img/x2/${spelling}`, 400, "invalid_path");
    }
    await expectProblem(`/img/x2/${HOST}/public/q.png?exp=1&kid=a&sig=b`, 404, "source_not_found");
    expect(internet.asked).toEqual([url, `${HOST}/public/q.png`]);
  });

  it.each([
    ["unsupported.jpg", () => fixture("cmyk.jpg"), 415, "unsupported_format"],
    ["damaged.png", () => picture.subarray(0, 200), 422, "undecodable_image"],
    ["large.png", () => large, 413, "image_too_large"],
  ])("is sent to as it is where it is no source, if that is asked for: %s", async (name, body, refused, code) => {
    const url = serve(`/public/${name}`, body(), { headers: { ETag: '"1"' } });
    for (const method of ["GET", "HEAD"]) {
      const { status, headers } = await get(`/img/x2,onerror=original/${url}`, { method });
      expect([status, headers.get("location"), headers.get("x-ssiu-fallback")]).toEqual([302, url, "original"]);
    }
    await expectProblem(`/img/x2,onerror=interpolate/${url}`, refused, code);
  });

  it("is not sent to where its server fails, or where nothing is known of it before it is too large", async () => {
    const failing = serve("/public/failing.png", null, { status: 500 });
    await expectProblem(`/img/x2,onerror=original/${failing}`, 502, "source_failed");
    const large = serve("/public/large.png", new Uint8Array(100_001));
    await expectProblem(`/img/x2,onerror=original/${large}`, 413, "source_too_large");
  });

  it("is what its bytes are, whatever the server calls them", async () => {
    const url = serve("/public/text.png", picture, { headers: { "Content-Type": "text/html", ETag: '"1"' } });
    expect((await get(`/img/x2/${url}`)).headers.get("content-type")).toBe("image/png");
    serve("/public/html.png", new TextEncoder().encode("<!doctype html>"), {
      headers: { "Content-Type": "image/png" },
    });
    await expectProblem(`/img/x2/${HOST}/public/html.png`, 415, "unsupported_format");
  });
});

describe("its version", () => {
  const DATE = "Tue, 15 Nov 1994 12:45:26 GMT";
  const LATER = "Tue, 15 Nov 1994 12:45:27 GMT";

  /** The ETag of our answer when the server sends this body with these headers. */
  async function etagFor(body: Uint8Array, headers: Record<string, string>): Promise<string | null> {
    const url = serve("/public/version.png", body, { headers });
    const answer = await get(`/img/x2/${url}`, { method: "HEAD" });
    expect(answer.status).toBe(200);
    return answer.headers.get("etag");
  }

  it("is the server's strong ETag, whatever else changes", async () => {
    const first = await etagFor(picture, { ETag: '"1"', "Last-Modified": DATE });
    expect(await etagFor(picture, { ETag: '"1"', "Last-Modified": LATER })).toBe(first);
    expect(await etagFor(picture, { ETag: '"2"', "Last-Modified": DATE })).not.toBe(first);
  });

  it("is date and length where there is no strong ETag", async () => {
    const length = { "Content-Length": `${picture.length}` };
    const first = await etagFor(picture, { ETag: 'W/"1"', "Last-Modified": DATE, ...length });
    expect(await etagFor(picture, { ETag: 'W/"2"', "Last-Modified": DATE, ...length })).toBe(first);
    expect(await etagFor(picture, { ETag: 'W/"1"', "Last-Modified": LATER, ...length })).not.toBe(first);
    expect(await etagFor(other, { "Last-Modified": DATE, "Content-Length": `${other.length}` })).not.toBe(first);
  });

  it.each(['""', '"1', "1"])("is not what is no ETag, as %s", async (etag) => {
    const url = serve("/public/quotes.png", picture, { headers: { ETag: etag } });
    const first = await get(`/img/x1/${url}`);
    serve("/public/quotes.png", other, { headers: { ETag: etag } });
    expect((await get(`/img/x1/${url}`)).headers.get("etag")).not.toBe(first.headers.get("etag"));
  });

  it("is a hash of the bytes where the server says nothing", async () => {
    const first = await etagFor(picture, {});
    expect(await etagFor(picture, { ETag: 'W/"1"' })).toBe(first);
    expect(await etagFor(other, {})).not.toBe(first);
  });

  it("answers 304 and serves what is stored without the picture's body", async () => {
    const url = `${HOST}/public/slow.png`;
    internet.serve(url, (_, nth) => {
      const body = slowBody(picture, nth === 0 ? Promise.resolve() : new Promise(() => {}));
      return new Response(body, { headers: { ETag: '"1"' } });
    });
    const first = await get(`/img/x2/${url}`);
    const etag = first.headers.get("etag") ?? "";
    expect((await get(`/img/x2/${url}`, { headers: { "If-None-Match": etag } })).status).toBe(304);
    const hit = await get(`/img/x2/${url}`);
    expect(hit.headers.get("cache-status")).toBe("ssiu-edge; hit");
    expect(hit.body).toEqual(first.body);
  });
});

describe("an address that is not allowed", () => {
  it.each([
    ["another host", "https://elsewhere.example.com/public/a.png"],
    ["a host that ends so", "https://notimages.example.com/public/a.png"],
    ["a path beside the prefix", `${HOST}/private/a.png`],
    ["a path that begins like the prefix", `${HOST}/publications/a.png`],
    ["another port", `${HOST}:8443/public/a.png`],
    ["http", "http://images.example.com/public/a.png"],
    ["credentials", "https://user:secret@images.example.com/public/a.png"],
    ["cloud metadata", "https://169.254.169.254/latest/meta-data/"],
    ["loopback", "https://127.0.0.1/a.png"],
    ["loopback in octal", "https://0177.0.0.1/a.png"],
    ["loopback as a number", "https://2130706433/a.png"],
    ["loopback in IPv6", "https://[::1]/a.png"],
    ["a private network mapped into IPv6", "https://[::ffff:10.0.0.1]/a.png"],
    ["localhost", "https://localhost/a.png"],
  ])("is refused before anything is asked there: %s", async (_, url) => {
    await expectProblem(`/img/x2/${url}`, 403, "source_forbidden");
    await expectProblem(`/img/x2/${encodeURIComponent(url)}`, 403, "source_forbidden");
    expect(internet.asked).toEqual([]);
  });

  it.each(["..%2Fprivate", "%2e%2e%2fprivate", "%252e%252e%2Fprivate", "..%5Cprivate"])(
    "cannot be reached from within the prefix by %s",
    async (way) => {
      await expectProblem(`/img/x2/${HOST}/public/${way}/a.png`, 400, "invalid_path");
      expect(internet.asked).toEqual([]);
    },
  );

  it("is what is made here, and whatever comes back to us through another host", async () => {
    await expectProblem(`${OWN}/img/x2/${OWN}/img/x2/a.png`, 403, "source_forbidden");
    expect(internet.asked).toEqual([]);
    internet.serve(`${OWN}/a.png`, () => new Response(picture as never));
    expect((await get(`${OWN}/img/x2/${OWN}/a.png`)).status).toBe(200);
    internet.asked.length = 0;

    await worker.putSource("ours.png", picture);
    const loop = "https://cdn.example.com/img/x2/ours.png";
    internet.serve(loop, async ({ headers }) => {
      const { status, body } = await worker.get("/img/x2/ours.png", { headers: Object.fromEntries(headers) });
      return new Response(new Uint8Array(body), { status });
    });
    await expectProblem(`/img/x2/${loop}`, 403, "source_forbidden");
    expect(internet.asked).toEqual([loop]);
  });
});

describe("a redirect", () => {
  it.each([301, 302, 303, 307, 308])("of %i is followed to an address that is allowed", async (status) => {
    const url = redirect(`/public/moved-${status}.png`, "https://cdn.example.com/target.png", status);
    internet.serve("https://cdn.example.com/target.png", () => new Response(new Uint8Array(picture)));
    expect((await get(`/img/x2/${url}`)).status).toBe(200);
    expect(internet.asked).toEqual([url, "https://cdn.example.com/target.png"]);
  });

  it.each([
    ["another host", "https://elsewhere.example.com/a.png"],
    ["cloud metadata", "https://169.254.169.254/latest/meta-data/"],
    ["http", "http://images.example.com/public/a.png"],
    ["a path beside the prefix", "/private/a.png"],
    ["a path beside the prefix, encoded", "/public/..%2Fprivate/a.png"],
    ["credentials", "https://user:secret@images.example.com/public/a.png"],
    ["a file", "file:///etc/passwd"],
    ["nonsense", "https://"],
  ])("is not followed to %s", async (_, target) => {
    const url = redirect("/public/evil.png", target);
    expect(await expectProblem(`/img/x2/${url}`, 502, "source_failed")).not.toMatch(/elsewhere|169\.254|private/);
    expect(internet.asked).toEqual([url]);
  });

  it("is not followed by an allowed one to an address that is not", async () => {
    const url = redirect("/public/step.png", "https://cdn.example.com/step.png");
    redirect("https://cdn.example.com/step.png", "https://169.254.169.254/");
    await expectProblem(`/img/x2/${url}`, 502, "source_failed");
    expect(internet.asked).toEqual([url, "https://cdn.example.com/step.png"]);
  });

  it("that leads elsewhere than before leads to another picture, whatever its version is called", async () => {
    const targets = ["https://cdn.example.com/v1.png", "https://cdn.example.com/v2.png"];
    for (const [i, body] of [picture, other].entries()) {
      internet.serve(targets[i] ?? "", () => new Response(new Uint8Array(body), { headers: { ETag: '"1"' } }));
    }
    const widths = [];
    for (const target of targets) {
      const { body } = await get(`/img/x2/${redirect("/public/latest.png", target)}`);
      widths.push((await sharp(body).metadata()).width);
    }
    expect(widths).toEqual([48, 52]);
  });

  it("that is signed anew each time leads to one picture", async () => {
    const etags = new Set<string | null>();
    for (const signature of ["?sig=1", "?sig=2"]) {
      const target = `https://cdn.example.com/signed.png${signature}`;
      internet.serve(target, () => new Response(new Uint8Array(picture), { headers: { ETag: '"1"' } }));
      const { status, headers } = await get(`/img/x2/${redirect("/public/latest-signed.png", target)}`);
      expect(status).toBe(200);
      etags.add(headers.get("etag"));
    }
    expect(etags.size).toBe(1);
  });

  it("is followed three times, not for ever", async () => {
    serve("/public/0.png", picture);
    for (const n of [1, 2, 3, 4]) redirect(`/public/${n}.png`, `${n - 1}.png`);
    expect((await get(`/img/x2/${HOST}/public/3.png`)).status).toBe(200);
    await expectProblem(`/img/x2/${HOST}/public/4.png`, 502, "source_failed");
    redirect("/public/round.png", "round.png");
    await expectProblem(`/img/x2/${HOST}/public/round.png`, 502, "source_failed");
    expect(internet.timesAsked(`${HOST}/public/round.png`)).toBe(4);
  });
});

describe("what a server had before it failed", () => {
  it.each([
    ["answers badly", "bad", () => new Response("down", { status: 503 })],
    ["does not answer", "silent", () => new Promise<Response>(() => {})],
    [
      "sends elsewhere",
      "moved",
      () => new Response(null, { status: 302, headers: { Location: "https://status.example.com" } }),
    ],
  ])("is served from the store where it %s, and nothing else", async (_, name, fail) => {
    const url = serve(`/public/known-${name}.png`, picture, { headers: { ETag: '"1"' } });
    const first = await get(`/img/x2/${url}`);
    await expect.poll(async () => (await get(`/img/x2/${url}`)).headers.get("cache-status")).toBe("ssiu-edge; hit");
    internet.serve(url, fail);
    const later = await get(`/img/x2/${url}`);
    expect([later.status, later.headers.get("etag")]).toEqual([200, first.headers.get("etag")]);
    expect(later.body).toEqual(first.body);
    expect(later.headers.get("cache-control")).toBe("public, max-age=60, must-revalidate");
    expect((await get(`/img/x3/${url}`)).status).toBeGreaterThanOrEqual(502);
    internet.serve(url, () => new Response("gone", { status: 404 }));
    await expectProblem(`/img/x2/${url}`, 404, "source_not_found");
  });

  it("is not forgotten for a page that tells of the failure as if it were the picture", async () => {
    const url = serve("/public/maintained.png", picture, { headers: { ETag: '"1"' } });
    await get(`/img/x2/${url}`);
    await expect.poll(async () => (await get(`/img/x2/${url}`)).headers.get("cache-status")).toBe("ssiu-edge; hit");
    serve("/public/maintained.png", new TextEncoder().encode("<html>soon back"), { headers: { ETag: '"0"' } });
    await expectProblem(`/img/x2/${url}`, 415, "unsupported_format");
    serve("/public/maintained.png", null, { status: 502 });
    expect((await get(`/img/x2/${url}`)).status).toBe(200);
  });

  it.each([404, 410, 401, 403, 451])("does not come back once the server has answered %i", async (status) => {
    const url = serve(`/public/taken-${status}.png`, picture, { headers: { ETag: '"1"' } });
    await get(`/img/x2/${url}`);
    await expect.poll(async () => (await get(`/img/x2/${url}`)).headers.get("cache-status")).toBe("ssiu-edge; hit");
    serve(`/public/taken-${status}.png`, null, { status });
    expect((await get(`/img/x2/${url}`)).status).toBeLessThan(500);
    serve(`/public/taken-${status}.png`, null, { status: 503 });
    await expectProblem(`/img/x2/${url}`, 502, "source_failed");
  });

  it("follows its changes", async () => {
    const url = serve("/public/changed.png", picture, { headers: { ETag: '"1"' } });
    await get(`/img/x2/${url}`);
    serve("/public/changed.png", other, { headers: { ETag: '"2"' } });
    const changed = await get(`/img/x2/${url}`);
    await expect.poll(async () => (await get(`/img/x2/${url}`)).headers.get("cache-status")).toBe("ssiu-edge; hit");
    serve("/public/changed.png", null, { status: 500 });
    expect((await get(`/img/x2/${url}`)).body).toEqual(changed.body);
  });
});

describe("a server that misbehaves", () => {
  it.each([
    [404, 404, "source_not_found"],
    [410, 404, "source_not_found"],
    [401, 403, "source_forbidden"],
    [403, 403, "source_forbidden"],
    [451, 403, "source_forbidden"],
    [304, 502, "source_failed"],
    [429, 502, "source_failed"],
    [500, 502, "source_failed"],
  ])("with %i is answered %i", async (theirs, ours, code) => {
    const body = theirs === 304 ? null : new TextEncoder().encode("upstream's secret");
    await expectProblem(`/img/x2/${serve("/public/status.png", body, { status: theirs })}`, ours, code);
  });

  it("by sending too much is cut off at the limit, announced or not", async () => {
    const announced = serve("/public/announced.png", new Uint8Array(100_001), { headers: { ETag: '"1"' } });
    await expectProblem(`/img/x2/${announced}`, 413, "source_too_large");

    // Sends 10 kB every 2 ms, 20 MB in all.
    let sent = 0;
    const pull = async (controller: ReadableStreamDefaultController) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      sent += 10_000;
      controller.enqueue(new Uint8Array(10_000));
      if (sent === 20_000_000 || answered) controller.close();
    };
    let answered = false;
    internet.serve(`${HOST}/public/endless.png`, () => new Response(new ReadableStream({ pull })));
    await expectProblem(`/img/x2/${HOST}/public/endless.png`, 413, "source_too_large");
    answered = true;
    expect(sent).toBeLessThan(5_000_000);
  });

  it("by sending byte by byte takes no longer than it sends", async () => {
    const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
    const image = sharp({ create: { width: 100, height: 100, channels: 3, background: "grey", noise } });
    const bytes = new Uint8Array(await image.png().toBuffer());
    let sentMs = 0;
    const start = async (controller: ReadableStreamDefaultController) => {
      const startedMs = performance.now();
      for (const [i, byte] of bytes.entries()) {
        controller.enqueue(Uint8Array.of(byte));
        if (i % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      controller.close();
      sentMs = performance.now() - startedMs;
    };
    const url = "/public/bytes.png";
    serve(url, new ReadableStream({ start }), { headers: { ETag: '"1"' } });
    const answer = await get(`/img/x1/${HOST}${url}`);
    expect(answer.status).toBe(200);
    const [, readMs] = /read;dur=([\d.]+)/.exec(answer.headers.get("Server-Timing") ?? "") ?? [];
    expect(Number(readMs)).toBeLessThan(2 * sentMs);
  });

  it("by not answering, or by not going on, is given up after the time it has", async () => {
    internet.serve(`${HOST}/public/silent.png`, () => new Promise(() => {}));
    await expectProblem(`/img/x2/${HOST}/public/silent.png`, 504, "deadline_exceeded");
    internet.serve(`${HOST}/public/stuck.png`, () => new Response(slowBody(picture, new Promise(() => {}))));
    await expectProblem(`/img/x2/${HOST}/public/stuck.png`, 504, "deadline_exceeded");
  });
});
