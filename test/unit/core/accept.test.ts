import { describe, expect, it } from "vitest";
import { negotiate, resultFormat } from "../../../src/core/accept.ts";
import type { Format } from "../../../src/core/image.ts";

const accepts = (accept?: string) => negotiate({ scale: 2, format: "auto" }, accept).accepts;

describe("negotiate", () => {
  it.each([
    ["Chrome", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", ["avif", "webp"]],
    ["Firefox", "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", ["avif", "webp"]],
    ["Safari", "image/webp,image/avif,image/jxl,video/*;q=0.8,image/png,image/*;q=0.8,*/*;q=0.5", ["avif", "webp"]],
    ["Safari 13", "image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5", []],
    ["curl", "*/*", []],
    ["a client without the header", undefined, []],
    ["one of WebP only", "image/webp", ["webp"]],
    ["one of AVIF only", "IMAGE/AVIF", ["avif"]],
    ["one that likes WebP better", "image/avif;q=0.8,image/webp", ["webp"]],
    ["one that likes PNG better", "image/webp;q=0.5,image/png", []],
    ["one that likes JPEG better", "image/webp;q=0.5,image/jpeg", []],
    ["one that likes no picture as well as other things", "image/webp;q=0.5,image/*;q=0.2,*/*", ["webp"]],
    ["one that refuses AVIF", "image/avif;q=0,image/webp,*/*", ["webp"]],
    ["one that weighs less than its wildcard", "image/webp;q=0.2,*/*;q=0.8", []],
    ["one that sends nonsense", ";;q=,,image/;=,", []],
  ])("for %s: %s", (_, accept, expected) => {
    expect(accepts(accept)).toEqual(expected);
  });

  it("leaves every other format alone", () => {
    expect(negotiate({ scale: 2, format: "png" }, "image/webp")).toEqual({ scale: 2, format: "png" });
  });
});

describe("resultFormat", () => {
  const all = () => true;
  /** A source of this format; a plus marks one that is opaque, so that JPEG could hold it. */
  const of = (source: string) => ({
    format: source.replace("+", "") as Format,
    lossy: !source.startsWith("png"),
    opaque: source === "jpeg" || source.endsWith("+"),
  });

  it.each<[Parameters<typeof resultFormat>[0], string, Format]>([
    [{ scale: 2 }, "avif", "avif"],
    [{ scale: 2, format: "json" }, "webp", "webp"],
    [{ scale: 2, format: "webp" }, "png", "webp"],
    [{ scale: 2, format: "auto" }, "jpeg", "jpeg"],
    [{ scale: 2, format: "auto" }, "avif", "png"],
    [{ scale: 2, format: "auto" }, "avif+", "jpeg"],
    [{ scale: 2, format: "auto" }, "webp+", "jpeg"],
    [{ scale: 2, format: "auto" }, "png+", "png"],
    [{ scale: 2, format: "auto", accepts: ["avif", "webp"] }, "png", "avif"],
  ])("of %j from %s is %s", (transform, source, format) => {
    expect(resultFormat(transform, of(source), all)).toBe(format);
  });

  it("is the next one where the first does not fit", () => {
    const fits = (format: Format) => format !== "avif";
    expect(resultFormat({ scale: 2, format: "auto", accepts: ["avif", "webp"] }, of("png"), fits)).toBe("webp");
    expect(resultFormat({ scale: 2, format: "auto", accepts: ["avif"] }, of("png"), fits)).toBe("png");
    expect(resultFormat({ scale: 2, format: "auto" }, of("jpeg"), (format) => format !== "jpeg")).toBe("png");
  });
});
