import { readdir } from "node:fs/promises";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { colours, decibel } from "../origin/pictures.ts";
import { chart, disc, pattern, pixels } from "./pictures.ts";
import { startWorker, type TestWorker } from "./worker.ts";

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
  await worker.putSource("pattern.png", await pattern().png().toBuffer());
  await worker.putSource("disc.png", await disc().png().toBuffer());
});
afterAll(() => worker.stop());

const get: TestWorker["get"] = (path, init) => worker.get(path, init);

/** Waits until the result is stored, so that the next answer comes from the store. */
async function untilStored(etag: string | null): Promise<void> {
  await expect.poll(worker.storedKeys).toContainEqual(expect.stringContaining(etag?.replaceAll('"', "") ?? "?"));
}

describe("GET /img/<ops>/<source>", () => {
  it.each([2, 3, 4])("answers x%i with that many times the size, and like the picture", async (scale) => {
    const response = await get(`/img/x${scale}/pattern.png`);
    expect(response.status).toBe(200);
    const { width, height, data } = await colours(response.body);
    expect([width, height]).toEqual([48 * scale, 32 * scale]);
    const lanczos = await pattern()
      .resize(48 * scale)
      .raw()
      .toBuffer();
    expect(decibel(data, lanczos)).toBeGreaterThan(25);
  });

  it("says what it is in its headers", async () => {
    const response = await get("/img/x2/pattern.png");
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "access-control-allow-origin": "*",
      "access-control-expose-headers": "*",
      "cache-control": "public, max-age=3600, stale-while-revalidate=86400",
      "content-disposition": 'inline; filename="pattern.png"',
      "content-length": `${response.body.length}`,
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      "content-type": "image/png",
      "cross-origin-resource-policy": "cross-origin",
      etag: expect.stringMatching(/^"[0-9a-f]{64}"$/),
      "timing-allow-origin": "*",
      "x-content-type-options": "nosniff",
      "x-request-id": expect.any(String),
      "x-ssiu-engine": "simd",
      "x-ssiu-model": expect.stringMatching(/^ssiu-x2-web-[0-9a-f]{8}$/),
      "x-ssiu-source-size": "48x32",
    });
  });

  it("computes once and then serves the stored bytes", async () => {
    await worker.putSource("once.png", await pattern(20, 20).png().toBuffer());
    const first = await get("/img/x2/once.png");
    expect(first.headers.get("cache-status")).toBe("ssiu-edge; fwd=uri-miss; stored");
    expect(first.headers.get("server-timing")).toMatch(/source;dur=.*decode;dur=.*upscale;dur=.*encode;dur=/);
    await untilStored(first.headers.get("etag"));

    const second = await get("/img/x2/once.png");
    expect(second.headers.get("cache-status")).toBe("ssiu-edge; hit");
    expect(second.headers.get("server-timing")).not.toContain("upscale");
    expect(second.headers.get("content-length")).toBe(first.headers.get("content-length"));
    for (const name of ["etag", "content-type", "x-ssiu-engine", "x-ssiu-model", "x-ssiu-source-size"]) {
      expect(second.headers.get(name)).toBe(first.headers.get(name));
    }
    expect(second.body).toEqual(first.body);
  });

  it("keeps what was computed or served near, as the bucket gave it, but parts and what HEAD says", async () => {
    await worker.putSource("near.png", await pattern(20, 20).png().toBuffer());
    const first = await get("/img/x2/near.png");
    await untilStored(first.headers.get("etag"));
    await worker.deleteStored();
    await expect.poll(async () => (await get("/img/x2/near.png")).headers.get("cache-status")).toBe("ssiu-edge; hit");
    const near = await get("/img/x2/near.png");
    expect(near.body).toEqual(first.body);
    const computed = ["cache-status", "server-timing", "x-request-id"];
    const told = (headers: Iterable<[string, string]>) => [...headers].filter(([name]) => !computed.includes(name));
    expect(told(near.headers)).toEqual(told(first.headers));
    expect((await get("/img/x2/near.png", { method: "HEAD" })).headers.get("cache-status")).toBe(
      "ssiu-edge; fwd=uri-miss",
    );
    expect((await get("/img/x2/near.png", { headers: { Range: "bytes=0-9" } })).headers.get("cache-status")).toBe(
      "ssiu-edge; fwd=uri-miss; stored",
    );
  });

  it("gives a changed source a new ETag and a new result", async () => {
    await worker.putSource("changing.png", await pattern(16, 16).png().toBuffer());
    const before = await get("/img/x2/changing.png");
    await worker.putSource("changing.png", await pattern(24, 16).png().toBuffer());
    const after = await get("/img/x2/changing.png");
    expect(after.headers.get("etag")).not.toBe(before.headers.get("etag"));
    expect((await pixels(after.body)).info.width).toBe(48);
  });

  it("finds keys with slashes, spaces and letters beyond ASCII", async () => {
    await worker.putSource("a b/ü.png", await pattern(16, 16).png().toBuffer());
    expect((await get("/img/x2/a%20b/%C3%BC.png")).status).toBe(200);
  });

  it("serves the samples that are deployed with it", async () => {
    expect((await get("/img/x2/samples/logo.png")).status).toBe(200);
    expect((await get("/img/x2/samples/none.png")).status).toBe(404);
    const { status, headers } = await get("/samples/logo.png");
    expect(status).toBe(200);
    expect(Object.fromEntries(headers)).toMatchObject({
      "access-control-allow-origin": "*",
      "cross-origin-resource-policy": "cross-origin",
      "x-content-type-options": "nosniff",
    });
    const page = await get("/");
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    expect(page.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("takes each of the samples at every scale, in its own format", async () => {
    const names = (await readdir("src/web/samples")).filter((name) => name !== "README.md");
    const answers = await Promise.all(names.map((name) => get(`/img/x4,f=json/samples/${name}`)));
    expect(answers.map(({ status }, i) => `${names[i]} ${status}`)).toEqual(names.map((name) => `${name} 200`));
  });
});

describe("formats", () => {
  it.each(["png", "jpeg", "webp", "avif"] as const)("keeps %s where no format is asked for", async (format) => {
    await worker.putSource("any", await pattern().toFormat(format, { quality: 90 }).toBuffer());
    const response = await get("/img/x2/any");
    expect(response.headers.get("content-type")).toBe(`image/${format}`);
    const metadata = await sharp(response.body).metadata();
    expect(metadata).toMatchObject({ width: 96, height: 64, format: format === "avif" ? "heif" : format });
  });

  it("reads GIF, for which PNG is written, or what is asked for", async () => {
    await worker.putSource("disc.gif", await disc().gif().toBuffer());
    const response = await get("/img/x2/disc.gif");
    expect(response.headers.get("content-type")).toBe("image/png");
    expect(response.headers.get("content-disposition")).toBe('inline; filename="disc.png"');
    expect(response.headers.get("x-ssiu-model")).toMatch(/^ssiu-x2-web-/);
    const { data, info } = await pixels(response.body);
    expect([info.width, info.height, info.channels]).toEqual([80, 80, 4]);
    const middle = 4 * (40 * 80 + 40);
    expect([...data.subarray(3, 4), ...data.subarray(middle + 3, middle + 4)]).toEqual([0, 255]);
    expect(decibel(data.subarray(middle, middle + 3), Uint8Array.of(200, 30, 90))).toBeGreaterThan(30);

    const auto = async (accept: string) => {
      const headers = { accept };
      return (await get("/img/x2,f=auto/disc.gif", { headers })).headers.get("content-type");
    };
    expect([await auto("image/webp"), await auto("*/*")]).toEqual(["image/webp", "image/png"]);
    expect(JSON.parse(new TextDecoder().decode((await get("/img/x2,f=json/disc.gif")).body))).toMatchObject({
      source: { format: "gif", frames: 1 },
      result: { format: "png" },
    });
  });

  it("takes the first frame of an animated GIF, if it is asked to", async () => {
    const frames = [await pattern().png().toBuffer(), await disc().resize(48, 32, { fit: "fill" }).png().toBuffer()];
    await worker.putSource(
      "moving.gif",
      await sharp(frames, { join: { animated: true } })
        .gif()
        .toBuffer(),
    );
    expect((await get("/img/x2/moving.gif")).status).toBe(415);
    const { data } = await colours((await get("/img/x2,anim=false/moving.gif")).body);
    expect(decibel(data, await pattern().resize(96).raw().toBuffer())).toBeGreaterThan(20);
  });

  it.each(["png", "jpeg", "webp", "avif"] as const)("turns PNG into %s", async (format) => {
    const response = await get(`/img/x2,f=${format}/pattern.png`);
    expect(response.headers.get("content-type")).toBe(`image/${format}`);
    const png = await colours((await get("/img/x2/pattern.png")).body);
    const other = await colours(response.body);
    expect(decibel(other.data, png.data)).toBeGreaterThan(format === "png" ? 99 : 28);
  });

  it("writes PNG as small as sharp's, without alpha where it is opaque", async () => {
    for (const [name, channels] of [
      ["pattern.png", 3],
      ["disc.png", 4],
    ] as const) {
      const { body } = await get(`/img/x4/${name}`);
      const { data, info } = await pixels(body);
      expect(info.channels, name).toBe(channels);
      const theirs = await sharp(data, { raw: info }).png({ adaptiveFiltering: true }).toBuffer();
      expect(body.length / theirs.length, name).toBeLessThan(1.1);
    }
  });

  it("makes smaller files of lower quality", async () => {
    const [low, high] = await Promise.all(
      [20, 95].map(async (q) => (await get(`/img/x2,f=webp,q=${q}/pattern.png`)).body.length),
    );
    expect(low).toBeLessThan(high ?? 0);
  });

  it("turns a picture upright and drops the tag", async () => {
    await worker.putSource(
      "turned.jpg",
      await pattern().jpeg({ quality: 95 }).withMetadata({ orientation: 6 }).toBuffer(),
    );
    const response = await get("/img/x2,f=png/turned.jpg");
    const metadata = await sharp(response.body).metadata();
    expect(metadata).toMatchObject({ width: 64, height: 96 });
    expect(metadata.orientation).toBeUndefined();
  });

  it("keeps the colour profile", async () => {
    const source = await pattern().withIccProfile("p3").png().toBuffer();
    await worker.putSource("p3.png", source);
    const { icc } = await sharp(source).metadata();
    for (const format of ["png", "jpeg", "webp", "avif"]) {
      const { body } = await get(`/img/x2,f=${format}/p3.png`);
      expect((await sharp(body).metadata()).icc, format).toEqual(icc);
    }
  });
});

describe("transparency", () => {
  it("stays, flat where it was flat, without the colour from under it shining through", async () => {
    const { data, info } = await pixels((await get("/img/x2/disc.png")).body);
    expect(info).toMatchObject({ width: 80, height: 80, channels: 4 });
    const at = (x: number, y: number) => [...data.subarray(4 * (80 * y + x), 4 * (80 * y + x) + 4)];
    expect(at(0, 0)[3]).toBe(0);
    expect(at(40, 40)[3]).toBe(255);
    for (let i = 0; i < data.length; i += 4) {
      if ((data[i + 3] ?? 0) > 0) expect(data[i + 1], `green at ${i / 4}`).toBeLessThan(60);
    }
  });

  it.each([
    ["f=jpeg", [255, 255, 255]],
    ["f=jpeg,background=0af", [0, 170, 255]],
    ["background=102030", [16, 32, 48]],
  ])("with %s is put on a background", async (ops, background) => {
    const response = await get(`/img/x2,${ops}/disc.png`);
    const { data, info } = await pixels(response.body);
    for (const c of [0, 1, 2]) expect(Math.abs((data[c] ?? 0) - (background[c] ?? 0))).toBeLessThanOrEqual(3);
    if (info.channels === 4) expect(data[3]).toBe(255);
  });
});

describe("conditional and partial requests", () => {
  it("answers 304 to a matching If-None-Match before it looks at the picture", async () => {
    await worker.putSource("broken.png", "not a picture");
    const response = await get("/img/x2/broken.png", { headers: { "If-None-Match": "*" } });
    expect(response.status).toBe(304);
    expect(response.headers.get("etag")).toMatch(/^"[0-9a-f]{64}"$/);
    expect(response.headers.get("cache-control")).toContain("max-age");
    expect((await get("/img/x2/broken.png")).status).toBe(415);
  });

  it("answers 304 to the ETag it gave", async () => {
    const { headers } = await get("/img/x2/pattern.png");
    const etag = headers.get("etag") ?? "";
    expect((await get("/img/x2/pattern.png", { headers: { "If-None-Match": etag } })).status).toBe(304);
    expect((await get("/img/x3/pattern.png", { headers: { "If-None-Match": etag } })).status).toBe(200);
  });

  it("answers HEAD without computing, and with the length once it is known", async () => {
    await worker.putSource("head.png", await pattern(18, 18).png().toBuffer());
    const cold = await get("/img/x2/head.png", { method: "HEAD" });
    expect(cold.status).toBe(200);
    expect(cold.headers.get("content-type")).toBe("image/png");
    expect(cold.headers.get("x-ssiu-source-size")).toBe("18x18");
    expect((await worker.storedKeys()).join()).not.toContain(cold.headers.get("etag")?.replaceAll('"', ""));

    const full = await get("/img/x2/head.png");
    await untilStored(full.headers.get("etag"));
    const warm = await get("/img/x2/head.png", { method: "HEAD" });
    expect(warm.headers.get("content-length")).toBe(full.headers.get("content-length"));
    expect(warm.body.length).toBe(0);
  });

  it.each(["cold", "stored"])("serves a range of a %s result", async (state) => {
    const key = `range-${state}.png`;
    await worker.putSource(key, await pattern(22, 22).png().toBuffer());
    const range = { headers: { Range: "bytes=8-15" } };
    if (state === "stored") await untilStored((await get(`/img/x2/${key}`)).headers.get("etag"));
    const part = await get(`/img/x2/${key}`, range);
    const whole = (await get(`/img/x2/${key}`)).body;
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe(`bytes 8-15/${whole.length}`);
    expect(part.headers.get("content-length")).toBe("8");
    expect(part.headers.get("accept-ranges")).toBe("bytes");
    expect(part.body).toEqual(whole.slice(8, 16));
  });

  it("refuses a range beyond the end and ignores one for another version", async () => {
    const beyond = await get("/img/x2/pattern.png", { headers: { Range: "bytes=99999999-" } });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get("content-range")).toMatch(/^bytes \*\/\d+$/);
    const other = await get("/img/x2/pattern.png", { headers: { Range: "bytes=0-1", "If-Range": '"other"' } });
    expect(other.status).toBe(200);
  });

  it("lets any page use the pictures", async () => {
    const preflight = await get("/img/x2/pattern.png", {
      method: "OPTIONS",
      headers: { Origin: "https://example.com", "Access-Control-Request-Method": "GET" },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-methods")).toBe("GET,HEAD");
  });
});

it("answers others while it computes a large picture", async () => {
  await worker.putSource("large.png", await pattern(1552, 32).png().toBuffer());
  let isDone = false;
  const large = worker.get("/img/x2/large.png").then((response) => {
    isDone = true;
    return response;
  });
  const waits: number[] = [];
  while (!isDone) {
    const start = performance.now();
    expect((await worker.get("/healthz")).status).toBe(200);
    waits.push(performance.now() - start);
  }
  expect((await large).status).toBe(200);
  // There are twelve tiles. They run in a row, but nobody else waits for more than one or two of them and the codecs.
  expect(waits.length).toBeGreaterThan(6);
});

it.each([
  ["photo.jpg", "x2", /^ssiu-x2-web-[0-9a-f]{8}$/],
  ["photo.png", "x2", /^ssiu-x2-[0-9a-f]{8}$/],
  ["icon.png", "x2", /^ssiu-x2-web-[0-9a-f]{8}$/],
  ["photo.jpg", "x3,model=clean", /^ssiu-x3-[0-9a-f]{8}$/],
  ["photo.png", "x4,model=web", /^ssiu-x4-web-[0-9a-f]{8}$/],
  ["chart.png", "x2", /^ssiu-x2-web-[0-9a-f]{8}$/],
  ["chart.png", "x2,model=clean", /^ssiu-x2-[0-9a-f]{8}$/],
])("%s at %s is made by the model for it, and not by the other", async (name, ops, id) => {
  const made = name === "chart.png" ? chart() : name === "icon.png" ? pattern(48, 40) : pattern(60, 40);
  const picture = await made.png().toBuffer();
  await worker.putSource(name, name.endsWith("jpg") ? await sharp(picture).jpeg({ quality: 60 }).toBuffer() : picture);
  const { status, headers, body } = await worker.get(`/img/${ops},f=png/${name}`);
  expect(status).toBe(200);
  expect(headers.get("x-ssiu-model")).toMatch(id);
  const other = `${ops.split(",")[0]},model=${String(id).includes("web") ? "clean" : "web"},f=png`;
  expect(Buffer.from((await worker.get(`/img/${other}/${name}`)).body).equals(Buffer.from(body))).toBe(false);
});
