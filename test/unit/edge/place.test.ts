import { describe, expect, it } from "vitest";
import type { Probe } from "../../../src/core/probe/probe-result.ts";
import type { Transform } from "../../../src/core/transform.ts";
import { choosePlace, engineConfiguration, type PlaceLimits } from "../../../src/edge/place.ts";
import { everyModel } from "../service/every-model.ts";

const limits = {
  sourceBytes: 1000,
  inputPixels: 262_144,
  outputPixels: 1_048_576,
  avifPixels: 524_288,
  jpegScans: 100,
  urlLength: 1000,
};
const ORIGIN = { edgeInputPixels: 65_536, inputPixels: 16_000_000, outputPixels: 64_000_000, avifPixels: 16_000_000 };
const ALONE: PlaceLimits = { limits, origin: undefined };
const WITH_ORIGIN: PlaceLimits = { limits, origin: ORIGIN };

function source(width: number, height: number, more: Partial<Probe> = {}): Probe {
  return { format: "png", width, height, orientation: 1, frames: 1, scans: 1, bitDepth: 8, lossy: false, ...more };
}

describe("choosePlace", () => {
  const x2: Transform = { scale: 2 };
  const x4: Transform = { scale: 4 };
  const refusal = (code: string, detail?: object): object =>
    expect.objectContaining({ code, ...(detail && { detail: expect.objectContaining(detail) }) });

  it.each<[string, Probe, Transform, "edge" | "origin" | object, "edge" | object]>([
    ["256x256", source(256, 256), x2, "edge", "edge"],
    ["a row more", source(256, 257), x2, "origin", "edge"],
    ["as thin as costs the network more", source(6000, 1), x2, "origin", "edge"],
    ["512x512", source(512, 512), x2, "origin", "edge"],
    ["513x512", source(513, 512), x2, "origin", refusal("image_too_large", { limit: 262_144 })],
    ["256x256 x4 as AVIF", source(256, 256), { ...x4, format: "avif" }, "origin", refusal("image_too_large")],
    ["4000x4000", source(4000, 4000), x2, "origin", refusal("image_too_large")],
    [
      "4001x4000",
      source(4001, 4000),
      x2,
      refusal("image_too_large", { limit: 16_000_000 }),
      refusal("image_too_large"),
    ],
    [
      "2001x2000 x4",
      source(2001, 2000),
      x4,
      refusal("image_too_large", { limit: 64_000_000 }),
      refusal("image_too_large"),
    ],
    ["CMYK", source(9, 9, { unsupported: "CMYK JPEG" }), x2, "origin", refusal("unsupported_format")],
    ["an animation", source(9, 9, { frames: 2 }), x2, refusal("unsupported_format"), refusal("unsupported_format")],
    ["its first frame", source(9, 9, { frames: 2 }), { ...x2, anim: false }, "edge", "edge"],
    ["101 scans", source(9, 9, { scans: 101 }), x2, refusal("image_too_large"), refusal("image_too_large")],
  ])("%s", (_, probe, transform, withOrigin, alone) => {
    expect(placed(probe, transform, WITH_ORIGIN)).toEqual(withOrigin);
    expect(placed(probe, transform, ALONE)).toEqual(alone);
  });

  function placed(probe: Probe, transform: Transform, placeLimits: PlaceLimits) {
    try {
      return choosePlace(probe, transform, { ...placeLimits, findModel: everyModel }).place;
    } catch (error) {
      return error;
    }
  }
});

describe("engineConfiguration", () => {
  it("is the engine's name where there is no origin", () => {
    expect(engineConfiguration("simd", ALONE, { scale: 2 })).toBe("simd");
  });

  it("differs with everything that moves a picture from one place to the other, and with nothing else", () => {
    const of = (edge: object, origin: object) =>
      engineConfiguration("simd", { limits: { ...limits, ...edge }, origin: { ...ORIGIN, ...origin } }, { scale: 2 });
    const moving = [
      of({}, {}),
      of({}, { edgeInputPixels: 1 }),
      of({ inputPixels: 2 }, {}),
      of({ outputPixels: 3 }, {}),
      of({ avifPixels: 4 }, {}),
      of({ jpegScans: 5 }, {}),
    ];
    expect(new Set([...moving, "simd"]).size).toBe(7);
    expect(of({ sourceBytes: 6, urlLength: 7 }, { inputPixels: 8, outputPixels: 9 })).toBe(moving[0]);
  });

  it("differs with format=auto where the limits decide for another format", () => {
    const formatOf = (edge: object, probe: Probe, origin?: typeof ORIGIN) => {
      const placeLimits = { limits: { ...limits, ...edge }, origin };
      const transform: Transform = { scale: 2, format: "auto", accepts: ["avif"] };
      const { plan } = choosePlace(probe, transform, { ...placeLimits, findModel: everyModel });
      return [plan.format, engineConfiguration("simd", placeLimits, transform)];
    };
    const pairs = [
      formatOf({}, source(200, 200)),
      formatOf({ avifPixels: 100_000 }, source(200, 200)),
      formatOf({}, source(600, 600), ORIGIN),
      formatOf({}, source(600, 600), { ...ORIGIN, avifPixels: 100_000 }),
      formatOf({ outputPixels: 200_000 }, source(200, 200)),
    ];
    expect(pairs.map(([format]) => format)).toEqual(["avif", "png", "avif", "png", "avif"]);
    expect(new Set(pairs.map(([, configuration]) => configuration)).size).toBe(5);
  });
});
