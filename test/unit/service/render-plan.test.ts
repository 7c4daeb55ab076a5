import { describe, expect, it } from "vitest";
import type { Format } from "../../../src/core/image.ts";
import type { Probe } from "../../../src/core/probe/probe-result.ts";
import type { Transform } from "../../../src/core/transform.ts";
import { planRender } from "../../../src/service/render-plan.ts";
import { everyModel } from "./every-model.ts";

const limits = { inputPixels: 262_144, outputPixels: 1_048_576, avifPixels: 524_288, jpegScans: 100 };

/** The plan for a picture that is `width` pixels wide. */
function plan(
  width: number,
  transform: Partial<Transform>,
  { format = "png" as Format, height = 10, ...more }: Partial<Probe> = {},
  { avifPixels = limits.avifPixels } = {},
) {
  const isJpeg = format === "jpeg";
  const source: Probe = {
    format,
    width,
    height,
    orientation: 1,
    frames: 1,
    scans: 1,
    bitDepth: 8,
    lossy: isJpeg,
    opaque: isJpeg,
    ...more,
  };
  return planRender(source, { scale: 4, ...transform }, { limits: { ...limits, avifPixels }, findModel: everyModel });
}

describe("planRender", () => {
  it.each<[Format, number]>([
    ["webp", 16_383],
    ["avif", 16_384],
    ["jpeg", 65_500],
  ])("refuses what is longer than %s can hold, %i px", (format, limit) => {
    const tooLong = expect.objectContaining({
      code: "image_too_large",
      detail: { limit, actual: 4 * Math.floor(limit / 4 + 1), unit: "px" },
    });
    const width = Math.floor(limit / 4);
    expect(plan(width, { format }, { height: 1 }).format).toBe(format);
    expect(() => plan(width + 1, { format }, { height: 1 })).toThrow(tooLong);
    expect(() => plan(width + 1, { format: "json" }, { format, height: 1 })).toThrow(tooLong);
    expect(() => plan(1, { format }, { height: width + 1 })).toThrow(tooLong);
    expect(() => plan(1, { format }, { height: width + 1 })).toThrow(`got 4x${4 * (width + 1)}`);
  });

  it.each<[string, number, Format, readonly Format[], Format]>([
    ["AVIF", 4000, "png", ["avif", "webp"], "webp"],
    ["AVIF and WebP", 4200, "png", ["avif", "webp"], "png"],
    ["WebP", 4200, "jpeg", ["webp"], "jpeg"],
    ["JPEG", 16_376, "jpeg", [], "png"],
  ])("skips %s with format=auto where it cannot hold the result", (_, width, format, accepts, chosen) => {
    const height = width > 10_000 ? 1 : 10;
    expect(plan(width, { format: "auto", accepts }, { format, height }).format).toBe(chosen);
  });

  it("refuses a source with a side that no JPEG can have", () => {
    const thumbnail = { scale: 1, width: 64, height: 64, fit: "squeeze" } as const;
    expect(plan(65_535, thumbnail, { height: 4 }).size).toEqual({ width: 64, height: 64 });
    const detail = { limit: 65_535, actual: 65_536, unit: "px" };
    const tooLarge = expect.objectContaining({ code: "image_too_large", detail });
    expect(() => plan(65_536, thumbnail, { height: 1 })).toThrow(tooLarge);
    expect(() => plan(1, thumbnail, { height: 65_536 })).toThrow(tooLarge);
  });

  it("counts a thin picture as what the network makes of it, in steps of 16 px", () => {
    const format = "png";
    const thin = (width: number, scale: 1 | 2) => plan(width, { format, scale }, { height: 1 });
    expect(thin(20_480, 2).scale).toBe(2);
    const detail = { limit: 327_680, actual: 16 * 20_496, unit: "pixels" };
    expect(() => thin(20_481, 2)).toThrow(expect.objectContaining({ code: "image_too_large", detail }));
    expect(thin(20_481, 1).scale).toBe(1);
  });

  it("counts what is stored of a picture that is cropped, and says so", () => {
    const crop = { x: 0, y: 0, width: 10, height: 10 };
    expect(() => plan(1000, { scale: 1 }, { format: "avif", height: 1000, crop })).toThrow(
      "Expected at most 262144 pixels for source (1000x1000), got 1000000",
    );
  });

  it.each<Format>(["avif", "png"])("holds %s against the limit of all, and AVIF against its own as well", (format) => {
    const limit = format === "avif" ? 524_288 : 1_048_576;
    const detail = { limit, actual: 2 * limit, unit: "pixels" };
    expect(plan(256, { scale: 1, width: 512, height: limit / 512, fit: "squeeze", format }).format).toBe(format);
    expect(() => plan(256, { scale: 1, width: 1024, height: limit / 512, fit: "squeeze", format })).toThrow(
      expect.objectContaining({ code: "image_too_large", detail }),
    );
  });

  it("holds a source in AVIF against the limit of AVIF as well", () => {
    const of = (format: Format) => plan(500, { scale: 1, format: "png" }, { format, height: 201 }, { avifPixels: 1e5 });
    expect(of("png").format).toBe("png");
    const detail = { limit: 100_000, actual: 100_500, unit: "pixels" };
    expect(() => of("avif")).toThrow(expect.objectContaining({ code: "image_too_large", detail }));
  });

  it("holds what the network makes against the limit, however small the result is: of the part that is seen", () => {
    const detail = { limit: 1_048_576, actual: 16 * 260 * 260, unit: "pixels" };
    expect(() => plan(260, { width: 10 }, { height: 260 })).toThrow(expect.objectContaining({ detail }));
    const middle = plan(2000, { scale: "auto", width: 400, height: 400, fit: "cover" }, { height: 130 });
    expect(middle).toMatchObject({ scale: 4, canvas: { width: 400, height: 400 } });
  });

  it("lets through what is within the limit and not thin", () => {
    expect(plan(513, { format: "png", scale: 2 }, { height: 511 }).scale).toBe(2);
    expect(plan(61, { format: "png", scale: 2 }, { height: 4297 }).scale).toBe(2);
  });
});
