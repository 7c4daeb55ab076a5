import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FORMATS, VARIANTS } from "../../../src/core/image.ts";
import { FITS, formatTransform, parseTransform } from "../../../src/core/transform.ts";

describe("parseTransform", () => {
  it.each([
    ["x2", { scale: 2 }],
    ["x3", { scale: 3 }],
    ["x4,format=webp,quality=70", { scale: 4, format: "webp", quality: 70 }],
    ["q=80,f=jpg,x2", { scale: 2, format: "jpeg", quality: 80 }],
    ["x2,background=FA0,anim=false", { scale: 2, background: "ffaa00", anim: false }],
    ["x2,background=#Fa0", { scale: 2, background: "ffaa00" }],
    ["w=320,h=200,dpr=1.5,fit=pad", { scale: "auto", width: 480, height: 300, fit: "pad" }],
    ["w=30,h=40,fit=crop", { scale: "auto", width: 30, height: 40, fit: "crop" }],
    [
      "w=30,h=40,fit=cover,gravity=0.25x1.0",
      { scale: "auto", width: 30, height: 40, fit: "cover", gravity: { x: 0.25, y: 1 } },
    ],
    ["w=50,h=150,dpr=1.13", { scale: "auto", width: 57, height: 170 }],
    ["x1,f=auto", { scale: 1, format: "auto" }],
    ["f=json,x3,model=web", { scale: 3, format: "json", model: "web" }],
    ["x2,anim=true", { scale: 2, anim: undefined }],
    ["x2,onerror=interpolate", { scale: 2, onerror: "interpolate" }],
    ["onerror=original,x2", { scale: 2, onerror: "original" }],
    ["x2,onerror=error", { scale: 2, onerror: undefined }],
  ])("reads %s", (ops, transform) => {
    expect(parseTransform(ops)).toEqual(transform);
  });

  it.each([
    ["", 'got ""'],
    ["x9", 'got "x9"'],
    ["x2,x3", "one scale"],
    ["x2,x2", "one scale"],
    ["format=png", "a scale of x1 to x4, or a width or height"],
    ["auto", "a scale of x1 to x4, or a width or height"],
    ["x2,fit=cover", "a width or height beside fit"],
    ["x2,dpr=2", "a width or height beside dpr"],
    ["w=0", "Expected a whole number from 1 to 16383 for width"],
    ["w=1.5", "for width"],
    ["w=1e3", "for width"],
    ["w=016", "for width"],
    ["w=auto", "for width"],
    ["h=16384", "at most 16383 px"],
    ["h=8192,dpr=2", "at most 16383 px"],
    ["w=9,dpr=0.5", "Expected a number from 1 to 4 with at most 2 decimals for dpr"],
    ["w=9,dpr=4.5", "for dpr"],
    ["w=9,dpr=1.125", "for dpr"],
    ["w=9,fit=fill", "Expected one of contain, scale-down"],
    ["x9", 'onerror=, preset= for transform, got "x9"'],
    ["w=9,width=9", "width once"],
    ["w=,w=9", "width once"],
    [`x2,q=${"9".repeat(99)}`, `for quality, got "${"9".repeat(80)}"`],
    ["x2,metadata=keep", "Expected none (no other metadata is passed on) for metadata"],
    ["x2,format=gif", 'Expected one of png, jpeg, webp, avif, jpg, auto, json for format, got "gif"'],
    ["x2,quality=0", 'Expected a whole number from 1 to 100 for quality, got "0"'],
    ["x2,quality=1e1", 'for quality, got "1e1"'],
    ["x2,quality=080", "for quality"],
    ["x2,quality=101", "for quality"],
    ["x2,quality=", "for quality"],
    ["x2,q=80,quality=80", "quality once"],
    ["x2,background=##fff", "Expected 3 or 6 hex digits for background"],
    ["x2,model=best", "Expected one of clean, web for model"],
    ["x2,anim=no", "Expected one of true, false for anim"],
    ["x2,onerror=redirect", 'Expected one of error, interpolate, original for onerror, got "redirect"'],
    ["x2,rotate=90", 'got "rotate=90"'],
    [
      "w=9,h=9,fit=cover,gravity=face",
      "Expected one of center, left, right, top, bottom, or two numbers from 0 to 1 with at most 3 decimals",
    ],
    ["w=9,h=9,fit=cover,gravity=0.5", 'for gravity, got "0.5"'],
    ["w=9,h=9,fit=cover,gravity=0.5x1.1", "for gravity"],
    ["w=9,h=9,fit=cover,gravity=0.1234x0", "for gravity"],
    ["w=9,h=9,fit=cover,gravity=0x0x0", "for gravity"],
    ["w=9,h=9,fit=cover,gravity=00x0", "for gravity"],
    ["w=9,h=9,gravity=top", "fit=cover or fit=crop beside gravity"],
    ["w=9,h=9,fit=pad,gravity=center", "fit=cover or fit=crop beside gravity"],
    ["x2,gravity=top", "fit=cover or fit=crop beside gravity"],
    ["x2,preset=thumb", 'got "preset=thumb"'],
    ["x2,constructor=1", 'got "constructor=1"'],
    ["x2,__proto__=1", 'got "__proto__=1"'],
    ["x2,quality=80=80", "got"],
    ["x2,", 'got ""'],
    [" x2", 'got " x2"'],
    ["X2", 'got "X2"'],
  ])("refuses %j", (ops, message) => {
    expect(() => parseTransform(ops)).toThrow(
      expect.objectContaining({ code: "invalid_transform", message: expect.stringContaining(message) }),
    );
  });

  it.each([
    ["width=480", "w=480,auto"],
    ["width=480", "w=240,dpr=2"],
    ["width=480", "w=120,dpr=4.0"],
    ["width=480", "w=120,dpr=4.00"],
    ["width=480", "w=240,dpr=2.00,fit=contain,metadata=none"],
    ["width=480", "w=480,fit=cover"],
    ["width=480", "w=480,fit=pad,dpr=1"],
    ["width=480", "w=480,fit=squeeze"],
    ["height=480", "h=480,fit=cover"],
    ["height=480,fit=scale-down", "fit=crop,h=480"],
    ["width=480,fit=scale-down", "fit=crop,w=480"],
    ["width=150,height=75,fit=cover", "h=50,fit=cover,dpr=1.5,w=100"],
    ["width=9,height=9,fit=cover", "w=9,h=9,fit=cover,gravity=center"],
    ["width=9,height=9,fit=cover", "w=9,h=9,fit=cover,gravity=0.50x0.500"],
    ["width=9,height=9,fit=cover,gravity=0x0.5", "g=left,w=9,h=9,fit=cover"],
    ["width=9,height=9,fit=cover,gravity=1x0.5", "gravity=right,w=9,h=9,fit=cover"],
    ["width=9,height=9,fit=crop,gravity=0.5x0", "gravity=top,w=9,h=9,fit=crop"],
    ["width=9,height=9,fit=crop,gravity=0.5x1", "gravity=bottom,w=9,h=9,fit=crop"],
    ["width=9,height=9,fit=cover,gravity=0.25x1", "w=9,h=9,fit=cover,gravity=0.250x1.000"],
    ["width=9", "w=9,fit=cover,gravity=top"],
    ["width=9,fit=scale-down", "w=9,fit=crop,gravity=top"],
    ["x4,width=333", "w=111,dpr=3,x4"],
    ["x2,format=jpeg,quality=70", "f=jpg,anim=true,q=70,x2"],
    ["x1", "model=web,x1"],
    ["x2,format=png", "x2,f=png,q=1"],
    ["x2,format=json", "q=80,f=json,x2"],
    ["x2,quality=80", "x2,q=80"],
    ["x2,format=auto,quality=80", "x2,f=auto,q=80"],
    ["x2,format=jpeg", "x2,f=jpg,q=85,background=FFF"],
    ["x2,format=jpeg,quality=80", "x2,f=jpg,q=80"],
    ["x2,format=webp,background=ffffff", "x2,f=webp,q=80,background=fff"],
    ["x2,format=avif", "x2,f=avif,q=60"],
    ["x2,format=auto,background=ffffff", "x2,f=auto,background=fff"],
  ])("has one canonical spelling, %s, for %s", (canonical, ops) => {
    expect(formatTransform(parseTransform(ops))).toBe(canonical);
  });

  const side = fc.integer({ min: 1, max: 4000 }).map(String);
  const spellings = fc
    .record(
      {
        scale: fc.constantFrom("x1", "x2", "x3", "x4", "auto"),
        width: side,
        height: side,
        dpr: fc.constantFrom("1", "1.5", "2.25", "3.0", "4"),
        fit: fc.constantFrom(...FITS),
        gravity: fc.constantFrom("left", "center", "0x0", "0.25x0.125", "1.00x0.5"),
        format: fc.constantFrom(...FORMATS, "jpg", "auto", "json"),
        quality: fc.integer({ min: 1, max: 100 }).map(String),
        background: fc.stringMatching(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
        anim: fc.constantFrom("true", "false"),
        metadata: fc.constant("none"),
        model: fc.constantFrom(...VARIANTS),
      },
      { requiredKeys: [] },
    )
    .filter(({ fit, gravity }) => gravity === undefined || fit === "cover" || fit === "crop")
    .filter(({ scale, width, height, fit, dpr }) => {
      const sized = width !== undefined || height !== undefined;
      return sized || (scale !== undefined && scale !== "auto" && fit === undefined && dpr === undefined);
    })
    .map(({ scale, ...options }) => [
      ...(scale === undefined ? [] : [scale]),
      ...Object.entries(options).map(([key, value]) => `${key}=${value}`),
    ]);

  it("is the inverse of formatTransform, whose spelling is its own canonical one", () => {
    fc.assert(
      fc.property(spellings, (ops) => {
        const transform = parseTransform(ops.join(","));
        const canonical = formatTransform(transform);
        expect(parseTransform(canonical)).toEqual(transform);
        expect(formatTransform(parseTransform(canonical))).toBe(canonical);
      }),
    );
  });

  it("gives one spelling to whatever order and alias was used", () => {
    const shuffled = spellings.chain((ops) =>
      fc.shuffledSubarray(ops, { minLength: ops.length }).map((other) => [ops.join(","), other.join(",")] as const),
    );
    fc.assert(
      fc.property(shuffled, ([ops, other]) => {
        const aliased = other.replace(/\b(width|height|format|quality)=/g, (name) => `${name[0]}=`);
        expect(formatTransform(parseTransform(aliased))).toBe(formatTransform(parseTransform(ops)));
      }),
    );
  });

  it("leaves out of the canonical form what changes no result", () => {
    expect(formatTransform(parseTransform("x2,onerror=interpolate,q=70"))).toBe("x2,quality=70");
  });
});
