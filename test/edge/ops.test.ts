import sharp, { type ResizeOptions, type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { colours, decibel } from "../origin/pictures.ts";
import { disc, pattern, pixels } from "./pictures.ts";
import { startWorker, type TestWorker } from "./worker.ts";

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
  await worker.putSource("pattern.png", await pattern().png().toBuffer());
  await worker.putSource("disc.png", await disc().png().toBuffer());
  await worker.putSource("board.png", await checkerboard(64).png().toBuffer());
});
afterAll(() => worker.stop());

const get: TestWorker["get"] = (path, init) => worker.get(path, init);

async function getJson(path: string) {
  return JSON.parse(new TextDecoder().decode((await get(path)).body));
}

describe("fit, of a picture of 48x32", () => {
  it.each<[string, [number, number], ResizeOptions]>([
    ["w=120", [120, 80], { width: 120 }],
    ["h=24", [36, 24], { height: 24 }],
    ["w=120,h=120", [120, 80], { width: 120, height: 120, fit: "inside" }],
    ["w=20,h=20,fit=contain", [20, 13], { width: 20, height: 20, fit: "inside" }],
    ["w=120,h=120,fit=scale-down", [48, 32], {}],
    ["w=24,h=24,fit=scale-down", [24, 16], { width: 24, height: 24, fit: "inside" }],
    ["w=120,h=120,fit=scale-up", [120, 80], { width: 120, height: 120, fit: "inside" }],
    ["w=24,h=24,fit=scale-up", [48, 32], {}],
    ["w=96,h=96,fit=cover", [96, 96], { width: 96, height: 96, fit: "cover" }],
    ["w=24,h=24,fit=cover", [24, 24], { width: 24, height: 24, fit: "cover" }],
    ["w=120,h=120,fit=crop", [48, 32], {}],
    ["w=24,h=24,fit=crop", [24, 24], { width: 24, height: 24, fit: "cover" }],
    ["w=24,h=24,fit=crop,gravity=right", [24, 24], { width: 24, height: 24, fit: "cover", position: "right" }],
    ["w=96,h=48,fit=cover,gravity=0.3x0", [96, 48], { width: 96, height: 48, fit: "cover", position: "top" }],
    ["w=96,h=96,fit=pad,background=ffffff", [96, 96], { width: 96, height: 96, fit: "contain", background: "#fff" }],
    ["w=96,h=40,fit=squeeze", [96, 40], { width: 96, height: 40, fit: "fill" }],
    ["x4,w=100", [100, 67], { width: 100 }],
    ["x2,w=60,h=60,fit=cover", [60, 60], { width: 60, height: 60, fit: "cover" }],
    ["x2,w=999,fit=scale-down", [96, 64], { width: 96 }],
    ["x1", [48, 32], {}],
  ])("%s is %j, and like what another program makes of it", async (ops, [width, height], theirs) => {
    const response = await get(`/img/${ops}/pattern.png`);
    expect(response.status).toBe(200);
    const picture = await colours(response.body);
    expect([picture.width, picture.height]).toEqual([width, height]);
    expect(decibel(picture.data, await rgb(pattern(), theirs))).toBeGreaterThan(25);
  });

  it("pads with nothing where the format can have nothing, and with white or the background elsewhere", async () => {
    const corner = async (ops: string) => {
      const { data, info } = await pixels((await get(`/img/w=64,h=96,fit=pad,${ops}/pattern.png`)).body);
      expect([info.width, info.height]).toEqual([64, 96]);
      return [...data.subarray(0, info.channels)];
    };
    expect(await corner("f=png")).toEqual([0, 0, 0, 0]);
    expect((await corner("f=webp"))[3]).toBe(0);
    expect(await corner("f=jpeg")).toEqual([255, 255, 255]);
    expect(await corner("f=png,background=102030")).toEqual([16, 32, 48]);
  });

  it("sees around a cut what stands there: as good as the cut of the whole", async () => {
    await worker.putSource("weave.png", await weave(192, 32).png().toBuffer());
    const part = await get("/img/w=64,h=64,fit=cover/weave.png");
    expect(part.headers.get("x-ssiu-model")).toMatch(/^ssiu-x2-/);
    const whole = sharp((await get("/img/x2/weave.png")).body).extract({ left: 160, top: 0, width: 64, height: 64 });
    // It is 55 dB, and would be 40 dB if the network saw nothing around the cut.
    expect(decibel((await colours(part.body)).data, await rgb(whole))).toBeGreaterThan(50);
  });

  it("fits what is seen: a turned picture upright", async () => {
    await worker.putSource("turned.jpg", await pattern().jpeg().withMetadata({ orientation: 6 }).toBuffer());
    const { info } = await pixels((await get("/img/w=64,f=png/turned.jpg")).body);
    expect([info.width, info.height]).toEqual([64, 96]);
  });
});

describe("auto", () => {
  it.each([
    ["w=48", "none"],
    ["w=20,h=20,fit=cover", "none"],
    ["w=24,dpr=2", "none"],
    ["w=120,fit=scale-down", "none"],
    ["w=49", "ssiu-x2-web"],
    ["w=48,dpr=2", "ssiu-x2-web"],
    ["w=97", "ssiu-x3-web"],
    ["auto,w=145", "ssiu-x4-web"],
    ["w=240", "ssiu-x4-web"],
  ])("for %s runs no larger network than is needed: %s", async (ops, model) => {
    const response = await get(`/img/${ops}/pattern.png`);
    expect(response.headers.get("x-ssiu-model")?.replace(/-[0-9a-f]{8}$/, "")).toBe(model);
    expect(/upscale;/.test(response.headers.get("server-timing") ?? "")).toBe(model !== "none");
  });

  it("has one key for one thing asked for, and a stored result still names its model", async () => {
    const first = await get("/img/width=60,dpr=2,fit=contain,metadata=none/pattern.png");
    const etag = first.headers.get("etag") ?? "";
    await expect.poll(worker.storedKeys).toContainEqual(expect.stringMatching(/^r1\/ssiu-[0-9a-f]{8}\//));
    await expect.poll(worker.storedKeys).toContainEqual(expect.stringContaining(etag.replaceAll('"', "")));
    const second = await get("/img/auto,w=120/pattern.png");
    expect(second.headers.get("etag")).toBe(etag);
    expect(second.headers.get("cache-status")).toBe("ssiu-edge; hit");
    expect(second.headers.get("x-ssiu-model")).toBe(first.headers.get("x-ssiu-model"));
    expect(second.body).toEqual(first.body);
  });
});

describe("resizing", () => {
  it("keeps the brightness of a 1-px checkerboard: 188, not 128", async () => {
    const { data, width } = await colours((await get("/img/w=16/board.png")).body);
    expect(width).toBe(16);
    for (let y = 2; y < 14; y++) {
      for (const value of data.subarray(3 * (16 * y + 2), 3 * (16 * y + 14))) {
        expect(Math.abs(value - 188)).toBeLessThanOrEqual(2);
      }
    }
  });

  it.each(["w=13", "w=77", "x2,w=55"])(
    "does not let the colour under transparent pixels shine through (%s)",
    async (ops) => {
      const { data } = await pixels((await get(`/img/${ops}/disc.png`)).body);
      let seen = 0;
      for (let i = 0; i < data.length; i += 4) {
        if ((data[i + 3] ?? 0) < 8) continue;
        seen++;
        expect(data[i + 1], `green at ${i / 4}`).toBeLessThan(60);
        expect(data[i], `red at ${i / 4}`).toBeGreaterThan(150);
      }
      expect(seen).toBeGreaterThan(20);
    },
  );
});

describe("format=auto", () => {
  it.each([
    ["image/avif,image/webp,image/apng,image/*,*/*;q=0.8", "image/avif"],
    ["image/webp,*/*", "image/webp"],
    ["*/*", "image/png"],
  ])("answers %s with %s, and says that it depends on it", async (accept, type) => {
    const response = await get("/img/w=60,f=auto/pattern.png", { headers: { Accept: accept } });
    expect(response.headers.get("content-type")).toBe(type);
    expect(response.headers.get("vary")).toBe("Accept");
    const { format } = await sharp(response.body).metadata();
    expect(`image/${format === "heif" ? "avif" : format}`).toBe(type);

    const headers = { Accept: `${accept},text/html`, "If-None-Match": response.headers.get("etag") ?? "" };
    const again = await get("/img/w=60,f=auto/pattern.png", { headers });
    expect([again.status, again.headers.get("vary")]).toEqual([304, "Accept"]);
  });

  it("gives each kind of client an ETag of its own", async () => {
    const etags = ["image/avif,image/webp", "image/avif", "image/webp", "*/*"].map(async (accept) => {
      const response = await get("/img/x1,f=auto/pattern.png", { method: "HEAD", headers: { Accept: accept } });
      return response.headers.get("etag");
    });
    expect(new Set(await Promise.all(etags)).size).toBe(4);
  });

  it("takes WebP where the result is too large for AVIF, which a plain request for AVIF is refused for", async () => {
    const small = await startWorker({ vars: { MAX_AVIF_PIXELS: "5000" } });
    await small.putSource("pattern.png", await pattern().png().toBuffer());
    const auto = await small.get("/img/x2,f=auto/pattern.png", { headers: { Accept: "image/avif,image/webp" } });
    expect(auto.headers.get("content-type")).toBe("image/webp");
    expect((await small.get("/img/x2,f=avif/pattern.png")).status).toBe(413);
    await small.stop();
  });

  it("does not vary where nothing was left to the client", async () => {
    expect((await get("/img/x1/pattern.png", { headers: { Accept: "image/webp" } })).headers.get("vary")).toBeNull();
  });
});

describe("format=json", () => {
  it("tells what a source is and what would be made of it, and makes nothing", async () => {
    await worker.putSource("facts.jpg", await pattern(30, 20).jpeg().withMetadata({ orientation: 6 }).toBuffer());
    const response = await get("/img/w=100,h=100,fit=cover,f=json/facts.jpg");
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("accept-ranges")).toBe("none");
    expect(response.headers.get("cache-control")).toContain("max-age");
    expect(JSON.parse(new TextDecoder().decode(response.body))).toEqual({
      source: { format: "jpeg", width: 30, height: 20, orientation: 6, frames: 1 },
      result: { format: "jpeg", width: 100, height: 100, scale: 4, model: expect.stringMatching(/^ssiu-x4-/) },
    });
    const etag = response.headers.get("etag") ?? "";
    expect((await worker.storedKeys()).join()).not.toContain(etag.replaceAll('"', ""));
    const headers = { "If-None-Match": etag };
    const unchanged = await get("/img/w=100,h=100,fit=cover,f=json/facts.jpg", { headers });
    expect([unchanged.status, unchanged.headers.get("accept-ranges")]).toEqual([304, "none"]);
  });

  it.each(["x1", "x3,model=clean", "w=60,model=web", "w=64,h=96,fit=pad,model=clean"])(
    "foretells the picture of %s",
    async (ops) => {
      const { result } = await getJson(`/img/${ops},f=json/pattern.png`);
      const { body, headers } = await get(`/img/${ops}/pattern.png`);
      expect(await sharp(body).metadata()).toMatchObject({
        format: result.format,
        width: result.width,
        height: result.height,
      });
      expect(headers.get("x-ssiu-model")).toBe(result.model);
    },
  );

  it("and HEAD name no model where only the pixels decide which it is", async () => {
    await worker.putSource("undecided.png", await pattern(60, 20).png().toBuffer());
    expect((await getJson("/img/x2,f=json/undecided.png")).result).not.toHaveProperty("model");
    expect((await get("/img/x2/undecided.png", { method: "HEAD" })).headers.get("x-ssiu-model")).toBeNull();
    expect((await get("/img/x2/undecided.png")).headers.get("x-ssiu-model")).toMatch(/^ssiu-x2-[0-9a-f]{8}$/);
  });
});

describe("limits", () => {
  it.each([
    ["x2,w=1025,h=1025,fit=squeeze", 1_050_625],
    ["x2,w=1025,h=1025,fit=pad", 1_050_625],
    ["w=1000", 1_440_000],
    ["x4,w=10", 2_560_000],
    ["x1,w=1025", 1_050_625],
  ])("%s of 400x400 pixels counts %i", async (ops, actual) => {
    await worker.putSource("square.png", await pattern(400, 400).png().toBuffer());
    const response = await get(`/img/${ops}/square.png`);
    expect(response.status).toBe(413);
    expect(JSON.parse(new TextDecoder().decode(response.body))).toMatchObject({ limit: 1_048_576, actual });
  });
});

describe("presets", () => {
  it("have the key of their ops, and can be all that is allowed", async () => {
    const vars = { PRESETS: '{"thumb": "w=60,h=60,fit=cover,f=webp"}', PRESETS_ONLY: "true" };
    const locked = await startWorker({ vars });
    await locked.putSource("pattern.png", await pattern().png().toBuffer());
    const named = await locked.get("/img/preset=thumb/pattern.png");
    expect(named.status).toBe(200);
    expect(await sharp(named.body).metadata()).toMatchObject({ format: "webp", width: 60, height: 60 });
    expect(named.headers.get("etag")).toBe(
      (await get("/img/width=60,height=60,fit=cover,format=webp/pattern.png")).headers.get("etag"),
    );
    expect((await locked.get("/img/w=60,h=60,fit=cover,f=webp/pattern.png")).headers.get("cache-status")).toMatch(
      /hit/,
    );
    for (const ops of ["x2", "w=60,h=61,fit=cover,f=webp", "preset=thumb,dpr=2"]) {
      const refused = await locked.get(`/img/${ops}/pattern.png`);
      expect(refused.status, ops).toBe(403);
      expect(JSON.parse(new TextDecoder().decode(refused.body))).toMatchObject({ code: "transform_forbidden" });
    }
    await locked.stop();
  });
});

async function rgb(picture: Sharp, size: ResizeOptions = {}): Promise<Buffer> {
  return await sharp(await picture.png().toBuffer())
    .resize(size)
    .removeAlpha()
    .raw()
    .toBuffer();
}

/** Fine stripes in all directions, so that every place has detail that matters to the network. */
function weave(width: number, height: number): Sharp {
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    return 128 + 100 * Math.sin(x * (1.1 + 0.2 * c) + y * 0.7) * Math.cos(0.35 * y - x * 0.21 * (1 + c));
  });
  return sharp(data, { raw: { width, height, channels: 3 } });
}

function checkerboard(side: number): Sharp {
  const data = Uint8Array.from({ length: side * side }, (_, i) => 255 * (((i % side) + Math.floor(i / side)) % 2));
  return sharp(data, { raw: { width: side, height: side, channels: 1 } });
}
