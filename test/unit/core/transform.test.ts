import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FORMATS, SCALES } from "../../../src/core/image.ts";
import { formatTransform, parseTransform, type Transform } from "../../../src/core/transform.ts";

describe("parseTransform", () => {
  it.each([
    ["x2", { scale: 2 }],
    ["x3", { scale: 3 }],
    ["x4,format=webp,quality=80", { scale: 4, format: "webp", quality: 80 }],
    ["q=80,f=jpg,x2", { scale: 2, format: "jpeg", quality: 80 }],
    ["x2,background=FA0,anim=false", { scale: 2, background: "ffaa00", anim: false }],
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
    ["format=png", "a scale"],
    ["x2,format=gif", 'Expected one of png, jpeg, webp, avif for format, got "gif"'],
    ["x2,quality=0", 'Expected a whole number from 1 to 100 for quality, got "0"'],
    ["x2,quality=1e1", 'for quality, got "1e1"'],
    ["x2,quality=080", "for quality"],
    ["x2,quality=101", "for quality"],
    ["x2,quality=", "for quality"],
    ["x2,q=80,quality=80", "quality once"],
    ["x2,background=#fff", "Expected 3 or 6 hex digits for background"],
    ["x2,anim=no", "Expected true or false for anim"],
    ["x2,onerror=redirect", 'Expected error, interpolate or original for onerror, got "redirect"'],
    ["x2,width=100", 'got "width=100"'],
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

  it("is the inverse of formatTransform", () => {
    const transforms: fc.Arbitrary<Transform> = fc.record(
      {
        scale: fc.constantFrom(...SCALES),
        format: fc.constantFrom(...FORMATS),
        quality: fc.integer({ min: 1, max: 100 }),
        background: fc.integer({ min: 0, max: 0xffffff }).map((rgb) => rgb.toString(16).padStart(6, "0")),
        anim: fc.constant(false as const),
      },
      { requiredKeys: ["scale"] },
    );
    fc.assert(
      fc.property(transforms, (transform) => {
        expect(parseTransform(formatTransform(transform))).toEqual(transform);
      }),
    );
  });

  it("gives one canonical spelling to whatever order and alias was used", () => {
    expect(formatTransform(parseTransform("f=jpg,anim=true,q=70,x2"))).toBe("x2,format=jpeg,quality=70");
  });

  it("leaves out of the canonical form what changes no result", () => {
    expect(formatTransform(parseTransform("x2,onerror=interpolate,q=70"))).toBe("x2,quality=70");
  });
});
