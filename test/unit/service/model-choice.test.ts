import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import type { Rgba, Variant } from "../../../src/core/image.ts";
import type { Probe } from "../../../src/core/probe/probe-result.ts";
import type { Transform } from "../../../src/core/transform.ts";
import {
  candidateModels,
  chooseModels,
  modelsId,
  possibleIds,
  settleModel,
} from "../../../src/service/model-choice.ts";
import { clean } from "../engine/clean.ts";
import { pixels } from "../pixels.ts";
import { withNoise } from "../with-noise.ts";
import { model } from "./every-model.ts";

/** Black and white columns, `width` pixels wide, with transitions of `between` pixels. */
function columns(width: number, between: number, side = 50): Rgba {
  const period = 2 * (width + between);
  const data = Uint8ClampedArray.from({ length: 4 * side * side }, (_, i) => {
    const x = ((i >> 2) % side) % period;
    const up = Math.max(0, Math.min(1, (x - width + 1) / (between + 1)));
    const down = Math.max(0, Math.min(1, (x - 2 * width - between + 1) / (between + 1)));
    return i % 4 === 3 ? 255 : 255 * (up - down);
  });
  return { width: side, height: side, data };
}
const [DRAWN, SMOOTH] = [columns(5, 0), columns(5, 4)];

const ALIASED = await pixels(sharp("src/web/samples/landscape.jpg").resize(96, null, { kernel: "nearest" }));

const scene = sharp("src/web/samples/scene.png").removeAlpha();
/** A photograph with a sensor's noise. */
const NOISY = withNoise(await pixels(scene.clone().resize(96)), { sigma: 8 });

/** The pixels of a picture after it was stored. */
const stored = async (file: Sharp) => await pixels(sharp(await file.toBuffer()));
const ONCE_JPEG = await stored(scene.clone().jpeg({ chromaSubsampling: "4:4:4" }));
const ONCE_WEBP = await stored(scene.clone().webp());

/** A picture whose rows are as opaque as the columns of `mask` are bright; black means half. */
function through({ width, height, data }: Rgba, mask: Rgba): Rgba {
  const opacity = (i: number) => 127.5 + (mask.data[4 * Math.floor(i / 4 / width)] ?? 0) / 2;
  return { width, height, data: data.map((value, i) => (i % 4 === 3 ? opacity(i) : value)) };
}

describe("chooseModels", () => {
  it.each<[string, Pick<Transform, "model">, Pick<Probe, "lossy">, Rgba, string]>([
    ["a smooth picture", {}, { lossy: false }, SMOOTH, "x3-clean, x3-clean"],
    ["a smooth picture with hard edges", {}, { lossy: false }, through(SMOOTH, DRAWN), "x3-web, x3-web"],
    ["a drawing with soft edges", {}, { lossy: false }, through(DRAWN, SMOOTH), "x3-web, x3-clean"],
    ["a drawing with hard edges", {}, { lossy: false }, through(DRAWN, DRAWN), "x3-web, x3-web"],
    ["a photograph shrunk without antialiasing", {}, { lossy: false }, ALIASED, "x3-web, x3-clean"],
    ["a smooth icon", {}, { lossy: false }, columns(5, 4, 48), "x3-web, x3-clean"],
    ["a smooth picture that is a little larger", {}, { lossy: false }, columns(5, 4, 49), "x3-clean, x3-clean"],
    ["noise", {}, { lossy: false }, NOISY, "x3-web, x3-clean"],
    ["what was a JPEG once", {}, { lossy: false }, ONCE_JPEG, "x3-web, x3-clean"],
    ["what was a lossy WebP once", {}, { lossy: false }, ONCE_WEBP, "x3-web, x3-clean"],
    ["a smooth JPEG", {}, { lossy: true }, SMOOTH, "x3-web, x3-clean"],
    ["a lossy WebP with hard edges", {}, { lossy: true }, through(SMOOTH, DRAWN), "x3-web, x3-web"],
    ["whatever has model=clean", { model: "clean" }, { lossy: true }, DRAWN, "x3-clean, x3-clean"],
    ["whatever has model=web", { model: "web" }, { lossy: false }, SMOOTH, "x3-web, x3-web"],
  ])("for %s", (_, transform, source, image, expected) => {
    const choice = chooseModels(model, 3, { transform, source });
    const { id, variant, alphaVariant } = settleModel(choice, image);
    expect([id, `x3-${alphaVariant}`].join(", ")).toBe(expected);
    expect(id).toBe(`x3-${variant}`);
    expect(possibleIds(choice)).toContain(id);
  });

  it("leave a choice where the pixels decide", () => {
    const ids = (transform: Pick<Transform, "model">, lossy: boolean) =>
      possibleIds(chooseModels(model, 2, { transform, source: { lossy } }));
    expect(ids({}, false)).toEqual(["x2-clean", "x2-web"]);
    expect(ids({}, true)).toEqual(["x2-web"]);
    expect(ids({ model: "clean" }, false)).toEqual(["x2-clean"]);
    expect(possibleIds(undefined)).toEqual(["none"]);
  });
});

describe("candidateModels", () => {
  const ids = (variant?: Variant, scale: Transform["scale"] = 2) =>
    candidateModels(model, { scale, model: variant }).map(({ id }) => id);

  it("are those that the source decides between", () => {
    expect(ids()).toEqual(["x2-clean", "x2-web"]);
    expect(ids("web")).toEqual(["x2-web"]);
    expect(ids("clean", "auto")).toEqual(["x2-clean", "x3-clean", "x4-clean"]);
    expect(ids(undefined, 1)).toEqual([]);
  });
});

describe("modelsId", () => {
  it("is the model's own where there is one", async () => {
    expect(await modelsId([model(clean(2))])).toBe("x2-clean");
    expect(await modelsId([])).toBe("none");
  });

  it("changes with any of several", async () => {
    const id = await modelsId([model(clean(2)), model({ scale: 2, variant: "web" })]);
    expect(id).toMatch(/^ssiu-[0-9a-f]{8}$/);
    expect(await modelsId([model(clean(2)), model({ scale: 3, variant: "web" })])).not.toBe(id);
  });
});
